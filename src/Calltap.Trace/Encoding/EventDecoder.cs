namespace Calltap.Trace;

/// <summary>Turns columns back into events. Not thread-safe.</summary>
sealed class EventDecoder
{
    readonly EventPredictor _predictor = new();

    /// <summary>
    /// Decodes <paramref name="columns"/> into <paramref name="events"/>, which has their count; <paramref name="first"/> is the time
    /// of the first event.
    /// </summary>
    /// <returns>False when the extra bytes end early or are left over: not something <see cref="EventEncoder"/> made.</returns>
    public bool TryDecode(EventColumns columns, TscTime first, Span<TraceEvent> events)
    {
        _predictor.Reset();
        Span<ulong> candidates = _predictor.Candidates;
        ReadOnlySpan<byte> control = columns.Control;
        ReadOnlySpan<byte> low = columns.Low;
        ReadOnlySpan<byte> extra = columns.Extra;
        int used = 0;
        uint last = 0, beforeLast = 0, stack = 0;
        ulong time = first.Value;
        for (int i = 0; i < control.Length && i < low.Length && i < events.Length; i++)
        {
            int code = control[i];
            int high = code >> EventCode.TimeShift;
            ulong elapsed = ((ulong)high << 8) | low[i];
            if (high >= EventCode.LongTime && !TryDecodeTime(extra, ref used, high, ref elapsed))
                return false;
            int pair = EventPredictor.PairOf(last, beforeLast);
            ulong key = candidates[pair];
            int source = code & EventCode.SourceMask;
            if (source != EventCode.Newer)
            {
                ulong older = candidates[pair + 1];
                candidates[pair + 1] = key;
                key = older;
                if (source != EventCode.Older && !TryDecodeSite(extra, ref used, source, last, out key))
                    return false;
                candidates[pair] = key;
            }

            time = unchecked(time + elapsed);
            stack = unchecked(stack + (uint)key);
            (beforeLast, last) = (last, (uint)(key >> 32));
            events[i] = new TraceEvent(new TscTime(time), new SiteId(last), stack);
        }

        return used == extra.Length;
    }

    static bool TryDecodeTime(ReadOnlySpan<byte> extra, ref int used, int escape, ref ulong elapsed)
    {
        if (!Varint.TryRead(extra, ref used, out ulong high))
            return false;
        elapsed = (high << 8) | (byte)elapsed;
        if (escape == EventCode.BackwardTime)
            elapsed = unchecked(0 - elapsed);
        return true;
    }

    static bool TryDecodeSite(ReadOnlySpan<byte> extra, ref int used, int source, uint last, out ulong key)
    {
        key = 0;
        ulong stack = 0;
        if (!Varint.TryRead(extra, ref used, out ulong site) || (source == EventCode.Explicit && !Varint.TryRead(extra, ref used, out stack)))
            return false;
        key = EventPredictor.Key(unchecked(last + Varint.UnZigZag((uint)site)), Varint.UnpackStackStep(stack));
        return true;
    }
}
