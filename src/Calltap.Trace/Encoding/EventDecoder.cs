using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>Turns columns back into events. Not thread-safe.</summary>
sealed class EventDecoder
{
    readonly EventPredictor _predictor = new();

    /// <summary>Whether no event of what was decoded last has an earlier time than the one before.</summary>
    public bool IsInOrder { get; private set; }

    /// <summary>
    /// Decodes <paramref name="columns"/> into <paramref name="events"/>, which has their count; <paramref name="first"/> is the time
    /// of the first event.
    /// </summary>
    /// <returns>False when the extra bytes end early or are left over: not something <see cref="EventEncoder"/> made.</returns>
    /// <remarks>
    /// Each event's site decides where the guess of the next one lies, so the loop is as fast as that chain: what it needs is kept out of memory (nothing that is in the
    /// chain is passed by reference), and no branch decides which of the two candidates it is, since that can't be foreseen.
    /// </remarks>
    public bool TryDecode(EventColumns columns, TscTime first, Span<TraceEvent> events)
    {
        _predictor.Reset();
        ref ulong candidates = ref MemoryMarshal.GetReference(_predictor.Candidates);
        ReadOnlySpan<byte> control = columns.Control;
        ReadOnlySpan<byte> low = columns.Low[..control.Length];
        ReadOnlySpan<byte> extra = columns.Extra;
        events = events[..control.Length];
        int used = 0;
        uint last = 0, beforeLast = 0, stack = 0;
        ulong time = first.Value;
        bool backward = false;
        for (int i = 0; i < control.Length; i++)
        {
            int code = control[i];
            int high = code >> EventCode.TimeShift;
            ulong elapsed = ((ulong)high << 8) | low[i];
            if (high >= EventCode.LongTime)
            {
                (used, elapsed) = DecodeTime(extra, used, high, elapsed);
                if (used < 0)
                    return false;
            }

            ref ulong newest = ref Unsafe.Add(ref candidates, EventPredictor.PairOf(last, beforeLast)); // within, whatever the two are
            ref ulong second = ref Unsafe.Add(ref newest, 1);
            (ulong newer, ulong older) = (newest, second);
            int source = code & EventCode.SourceMask;
            ulong swap = (newer ^ older) & unchecked(0UL - (ulong)(source & EventCode.Older));
            ulong key = newer ^ swap, other = older ^ swap;
            if (source > EventCode.Older)
            {
                (used, key) = DecodeSite(extra, used, source, last);
                if (used < 0)
                    return false;
                other = newer;
            }

            (newest, second) = (key, other);
            ulong now = unchecked(time + elapsed);
            backward |= now < time;
            time = now;
            stack = unchecked(stack + (uint)key);
            (beforeLast, last) = (last, (uint)(key >> 32));
            events[i] = new TraceEvent(new TscTime(time), new SiteId(last), stack);
        }

        IsInOrder = !backward;
        return used == extra.Length;
    }

    // Returns where its bytes end, -1 when there are not enough, and the step.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static (int End, ulong Elapsed) DecodeTime(ReadOnlySpan<byte> extra, int at, int escape, ulong elapsed)
    {
        if (!Varint.TryRead(extra, ref at, out ulong high))
            return (-1, 0);
        elapsed = (high << 8) | (byte)elapsed;
        return (at, escape == EventCode.BackwardTime ? unchecked(0 - elapsed) : elapsed);
    }

    // The same, and the candidate.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static (int End, ulong Key) DecodeSite(ReadOnlySpan<byte> extra, int at, int source, uint last)
    {
        ulong stack = 0;
        if (!Varint.TryRead(extra, ref at, out ulong site) || (source == EventCode.Explicit && !Varint.TryRead(extra, ref at, out stack)))
            return (-1, 0);
        return (at, EventPredictor.Key(unchecked(last + Varint.UnZigZag((uint)site)), Varint.UnpackStackStep(stack)));
    }
}
