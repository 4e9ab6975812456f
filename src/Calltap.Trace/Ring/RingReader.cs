using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>
/// Takes events out of one thread's ring. It never touches the target or the header: memory and head are passed in. Not thread-safe.
/// </summary>
/// <remarks>
/// Invariants (docs/ring-buffer.md):
/// R1 only slots in [tail, head) are looked at; R2 a slot is taken once its time is nonzero, read with acquire, and in slot order;
/// R3 a taken slot is zeroed before the limit that allows its reuse is published; R4 an empty slot in front of a full one (a hole) is
/// passed only by <see cref="SkipHole"/>, and counts as one lost event; R5 an event that arrives in a skipped slot afterwards is dropped.
/// </remarks>
public sealed class RingReader
{
    readonly int _slots;
    readonly SkippedSlots _skipped;
    ulong _tail;
    ulong _finished; // where NextTime found a finished slot last
    ulong _newest;

    /// <summary>A reader of an empty ring.</summary>
    /// <param name="size">Bytes of the data area: a power of two, at least <see cref="RingLayout.MinDataBytes"/>, at most 1 GiB.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is none of these.</exception>
    public RingReader(ByteSize size)
    {
        if (size.Value is < RingLayout.MinDataBytes or > 1 << 30 || !System.Numerics.BitOperations.IsPow2(size.Value))
            throw new ArgumentOutOfRangeException(nameof(size), size, "A ring has a power-of-two size between 2 KiB and 1 GiB.");
        _slots = (int)(size.Value / RingLayout.SlotBytes);
        _skipped = new SkippedSlots(_slots);
    }

    /// <summary>Position of the next slot to take, in bytes since the start.</summary>
    public ulong Tail => _tail;

    /// <summary>The limit to publish for this tail: a whole ring ahead, less the slack.</summary>
    public ulong Limit => _tail + ((ulong)(_slots - RingLayout.SlackSlots) * RingLayout.SlotBytes);

    /// <summary>Holes passed: events that were reserved and never written. Add them to the thread's lost events.</summary>
    public long SkippedHoles { get; private set; }

    /// <summary>Late events found in slots that were passed as holes, dropped because they are counted as lost already.</summary>
    public long LateEvents { get; private set; }

    /// <summary>Slots with a time but no site id, dropped: no trampoline of ours writes one.</summary>
    public long MalformedEvents { get; private set; }

    /// <summary>
    /// Takes finished events, in the order in which they were reserved, until the first slot that is not finished,
    /// <paramref name="head"/>, or a full destination.
    /// </summary>
    /// <param name="data">The data area.</param>
    /// <param name="head">The header's head, read before this call.</param>
    /// <param name="destination">Where the events go.</param>
    /// <returns>How many events were stored.</returns>
    /// <exception cref="ArgumentException"><paramref name="data"/> does not have the ring's size.</exception>
    public int Drain(Span<byte> data, ulong head, Span<TraceEvent> destination)
    {
        Span<RingSlot> slots = Slots(data);
        Span<RingSlot> output = MemoryMarshal.Cast<TraceEvent, RingSlot>(destination);
        int stored = 0;
        int available = Available(head);
        while (available > 0 && stored < output.Length)
        {
            int index = Index(_tail);
            int skipped = _skipped.NextFrom(index);
            if (skipped == index && !DropLate(ref slots[index]))
                break;
            int run = Math.Min(Math.Min(available, output.Length - stored), Math.Min(slots.Length, skipped == index ? index + 1 : skipped) - index);
            int taken = TakeRun(slots.Slice(index, run), output[stored..], ref stored);
            _tail += (ulong)taken * RingLayout.SlotBytes;
            available -= taken;
            if (taken < run)
                break;
        }

        return stored;
    }

    /// <summary>
    /// Whether <paramref name="head"/> lies behind the tail or more than a ring ahead. The slack makes that impossible for our
    /// trampolines, so something else wrote the header; nothing is taken from the ring then.
    /// </summary>
    public bool IsDamaged(ulong head) => unchecked(head - _tail) > (ulong)_slots * RingLayout.SlotBytes;

    /// <summary>Whether the slot at the tail is unfinished although a later one below <paramref name="head"/> is finished.</summary>
    /// <exception cref="ArgumentException"><paramref name="data"/> does not have the ring's size.</exception>
    public bool IsHole(Span<byte> data, ulong head)
    {
        Span<RingSlot> slots = Slots(data);
        return Available(head) > 0 && Volatile.Read(ref slots[Index(_tail)].Time) == 0 && NextTime(slots, head) != 0;
    }

    /// <summary>
    /// Gives up the unfinished slot at the tail: when its thread is dead, or has left it unfinished for so long that it will hardly come
    /// back. If it does, R5 holds.
    /// </summary>
    /// <returns>False when there is nothing to skip: the tail is at the head or its event was finished meanwhile.</returns>
    /// <exception cref="ArgumentException"><paramref name="data"/> does not have the ring's size.</exception>
    public bool SkipHole(Span<byte> data, ulong head)
    {
        Span<RingSlot> slots = Slots(data);
        if (Available(head) == 0 || Volatile.Read(ref slots[Index(_tail)].Time) != 0)
            return false;
        _skipped.Add(Index(_tail), Math.Max(_newest, NextTime(slots, head)));
        _tail += RingLayout.SlotBytes;
        SkippedHoles++;
        return true;
    }

    Span<RingSlot> Slots(Span<byte> data)
    {
        if (data.Length != _slots * RingLayout.SlotBytes)
            throw new ArgumentException($"The ring has {_slots * RingLayout.SlotBytes} bytes, not {data.Length}.", nameof(data));
        return MemoryMarshal.Cast<byte, RingSlot>(data);
    }

    int Index(ulong position) => (int)(position / RingLayout.SlotBytes) & (_slots - 1);

    int Available(ulong head) => IsDamaged(head) ? 0 : (int)((head - _tail) / RingLayout.SlotBytes);

    // The time of a finished slot behind the one at the tail. The search goes on where the last one ended: a ring full of holes is searched
    // once, not once for each of them.
    ulong NextTime(Span<RingSlot> slots, ulong head)
    {
        if (IsDamaged(head))
            return 0;
        for (ulong at = Math.Max(_tail + RingLayout.SlotBytes, _finished); at < head; at += RingLayout.SlotBytes)
        {
            ulong time = Volatile.Read(ref slots[Index(at)].Time);
            if (time == 0)
                continue;
            _finished = at;
            return time;
        }

        return 0;
    }

    // R5. Compare and exchange, because the rightful owner of this lap may be storing its time at this moment.
    bool DropLate(ref RingSlot slot)
    {
        ulong time = Volatile.Read(ref slot.Time);
        if (time == 0 || !_skipped.IsLate(Index(_tail), time))
            return time != 0;
        if (Interlocked.CompareExchange(ref slot.Time, 0, time) == time)
            LateEvents++;
        return false;
    }

    // R2, R3. The payload is read after the acquire of the time and pairs with the target's store order (TSO).
    int TakeRun(Span<RingSlot> slots, Span<RingSlot> output, ref int stored)
    {
        ulong newest = _newest;
        int kept = 0;
        int i = 0;
        for (; i < slots.Length && kept < output.Length; i++)
        {
            ref RingSlot slot = ref slots[i];
            ulong time = Volatile.Read(ref slot.Time);
            if (time == 0)
                break;
            ulong payload = slot.Payload;
            slot = default;
            output[kept].Time = time;
            output[kept].Payload = payload;
            kept += (uint)payload != 0 ? 1 : 0;
            newest = Math.Max(newest, time);
        }

        MalformedEvents += i - kept;
        _newest = newest;
        stored += kept;
        return i;
    }
}
