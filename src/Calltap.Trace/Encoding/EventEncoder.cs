namespace Calltap.Trace;

/// <summary>Turns events of one thread into <see cref="EventColumns"/>; each call starts afresh. Not thread-safe.</summary>
sealed class EventEncoder
{
    readonly EventPredictor _predictor = new();

    /// <summary>Encodes <paramref name="events"/>; the first event's time is not in the columns, its step is 0.</summary>
    public void Encode(ReadOnlySpan<TraceEvent> events, EventColumns columns)
    {
        columns.Resize(events.Length, events.Length * EventColumns.MaxExtraPerEvent);
        _predictor.Reset();
        Span<ulong> candidates = _predictor.Candidates;
        Span<byte> control = columns.Control;
        Span<byte> low = columns.Low;
        Span<byte> extra = columns.ExtraBuffer;
        int used = 0;
        uint last = 0, beforeLast = 0, stack = 0;
        ulong time = events.IsEmpty ? 0 : events[0].Time.Value;
        for (int i = 0; i < control.Length && i < low.Length && i < events.Length; i++)
        {
            TraceEvent next = events[i];
            uint site = next.Site.Value;
            uint step = unchecked(next.StackLow - stack);
            ulong elapsed = unchecked(next.Time.Value - time);
            int high = elapsed < EventCode.LongTime << 8 ? (int)(elapsed >> 8) : EncodeTime(ref elapsed, extra, ref used);
            int pair = EventPredictor.PairOf(last, beforeLast);
            ulong key = EventPredictor.Key(site, step);
            int source = EventCode.Newer;
            if (candidates[pair] != key)
            {
                source = candidates[pair + 1] == key ? EventCode.Older : EncodeSite(unchecked(site - last), step, extra, ref used);
                candidates[pair + 1] = candidates[pair];
                candidates[pair] = key;
            }

            control[i] = (byte)(source | (high << EventCode.TimeShift));
            low[i] = (byte)elapsed;
            (time, stack, beforeLast, last) = (next.Time.Value, next.StackLow, last, site);
        }

        columns.ExtraLength = used;
    }

    static int EncodeTime(ref ulong elapsed, Span<byte> extra, ref int used)
    {
        bool backward = (long)elapsed < 0;
        if (backward)
            elapsed = unchecked(0 - elapsed);
        Varint.Write(extra, ref used, elapsed >> 8);
        return backward ? EventCode.BackwardTime : EventCode.LongTime;
    }

    static int EncodeSite(uint siteStep, uint stackStep, Span<byte> extra, ref int used)
    {
        Varint.Write(extra, ref used, Varint.ZigZag(siteStep));
        if (stackStep == 0)
            return EventCode.SameStack;
        Varint.Write(extra, ref used, Varint.PackStackStep(stackStep));
        return EventCode.Explicit;
    }
}
