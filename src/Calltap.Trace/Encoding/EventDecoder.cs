using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>Turns columns back into events. Not thread-safe.</summary>
/// <remarks>
/// Each event's site decides where the guess of the next one lies, so decoding is as fast as that chain. It has no multiplication: a candidate has here in place of
/// its site what that counts in the next context, and the site is computed from that, aside.
/// </remarks>
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
    public bool TryDecode(EventColumns columns, TscTime first, Span<TraceEvent> events)
    {
        _predictor.Reset();
        ReadOnlySpan<byte> control = columns.Control, low = columns.Low, extra = columns.Extra;
        var state = new DecodedState(first.Value);
        for (int i = 0; i < control.Length; i++)
        {
            i += DecodeGuessed(control[i..], low[i..], events[i..], ref state);
            if (i < control.Length && !TryDecodeOther(control[i], low[i], extra, ref state, out events[i]))
                return false;
        }

        IsInOrder = !state.IsBackward;
        return state.Used == extra.Length;
    }

    // Decodes events as long as they take no extra bytes, and returns how many. Nearly all are so: this has no calls, which lets everything stay in registers, and no
    // branch on which of the two candidates it is, since that can't be foreseen.
    [MethodImpl(MethodImplOptions.NoInlining)]
    int DecodeGuessed(ReadOnlySpan<byte> control, ReadOnlySpan<byte> low, Span<TraceEvent> events, ref DecodedState state)
    {
        nint count = control.Length, left = -count;
        ref ulong candidates = ref MemoryMarshal.GetReference(_predictor.Candidates);
        ref byte codes = ref Unsafe.Add(ref MemoryMarshal.GetReference(control), count);
        ref byte lows = ref Unsafe.Add(ref MemoryMarshal.GetReference(low[..control.Length]), count);
        ref TraceEvent next = ref MemoryMarshal.GetReference(events[..control.Length]);
        (ulong time, uint stack, uint last, uint before) = (state.Time, state.Stack, state.Last, state.Before);
        for (; left < 0; left++)
        {
            uint code = Unsafe.Add(ref codes, left);
            if ((code & EventCode.ExplicitMask) != 0 || code >= EventCode.LongTime << EventCode.TimeShift)
                break;
            ref ulong newer = ref Unsafe.Add(ref candidates, (nuint)(unchecked(last + before) >> EventPredictor.PairShift) * 2); // within, whatever the two are
            nuint older = code & EventCode.Older;
            (ulong key, ulong other) = (Unsafe.Add(ref newer, older), Unsafe.Add(ref newer, older ^ 1));
            newer = key;
            Unsafe.Add(ref newer, 1) = other;
            before = DecodedState.AsBefore(last);
            last = (uint)(key >> 32);
            stack = unchecked(stack + (uint)key);
            time = unchecked(time + (((code >> EventCode.TimeShift) << 8) | Unsafe.Add(ref lows, left)));
            next = new TraceEvent(new TscTime(time), new SiteId(DecodedState.SiteOf(last)), stack);
            next = ref Unsafe.Add(ref next, 1);
        }

        state.IsBackward |= time < state.Time; // all these steps together are less than a half of all time
        (state.Time, state.Stack, state.Last, state.Before) = (time, stack, last, before);
        return (int)(count + left);
    }

    // False when it takes more extra bytes than there are.
    bool TryDecodeOther(int code, byte low, ReadOnlySpan<byte> extra, ref DecodedState state, out TraceEvent next)
    {
        next = default;
        int high = code >> EventCode.TimeShift, source = code & EventCode.SourceMask;
        ulong elapsed = ((ulong)high << 8) | low;
        if (high >= EventCode.LongTime && !TryReadTime(extra, ref state.Used, high, ref elapsed))
            return false;
        Span<ulong> pair = _predictor.Candidates.Slice(EventPredictor.PairOf(unchecked(state.Last + state.Before)), 2);
        ulong key = pair[source & EventCode.Older];
        if (source > EventCode.Older && !TryReadSite(extra, ref state, source, out key))
            return false;
        if (source != EventCode.Newer)
            (pair[0], pair[1]) = (key, pair[0]);
        next = state.Take(elapsed, key);
        return true;
    }

    static bool TryReadTime(ReadOnlySpan<byte> extra, ref int used, int escape, ref ulong elapsed)
    {
        if (!Varint.TryRead(extra, ref used, out ulong high))
            return false;
        elapsed = (high << 8) | (byte)elapsed;
        if (escape == EventCode.BackwardTime)
            elapsed = unchecked(0 - elapsed);
        return true;
    }

    static bool TryReadSite(ReadOnlySpan<byte> extra, ref DecodedState state, int source, out ulong key)
    {
        (key, ulong stack) = (0, 0);
        if (!Varint.TryRead(extra, ref state.Used, out ulong step) || (source == EventCode.Explicit && !Varint.TryRead(extra, ref state.Used, out stack)))
            return false;
        uint site = unchecked(DecodedState.SiteOf(state.Last) + Varint.UnZigZag((uint)step));
        key = EventPredictor.Key(DecodedState.AsLast(site), Varint.UnpackStackStep(stack));
        return true;
    }
}
