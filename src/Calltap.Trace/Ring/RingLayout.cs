namespace Calltap.Trace;

/// <summary>
/// Offsets and sizes of what a target thread and the tracer share: one header and one power-of-two area of 16-byte slots per
/// thread. The emitted trampolines and <see cref="RingReader"/> use these constants and nothing else; docs/ring-buffer.md explains them.
/// </summary>
/// <remarks>
/// The header has two cache lines, one per writing side, so that the target's head and the tracer's limit never share a line.
/// <code>
/// line 0, written by the target:  +0 head  +8 lost entries  +16 lost exits  +24 reserved
/// line 1, written by the tracer: +64 limit +72 data address +80 tid (by the target, once) +84 state +88 count array address
/// </code>
/// </remarks>
public static class RingLayout
{
    /// <summary>Bytes of one thread header.</summary>
    public const int HeaderBytes = 128;

    /// <summary>u64: bytes reserved since the thread claimed the ring; grows for ever, the slot is <c>head &amp; (size - 1)</c>.</summary>
    public const int HeadOffset = 0;

    /// <summary>u64: entry events that found the ring full.</summary>
    public const int LostEntriesOffset = 8;

    /// <summary>u64: exit events that found the ring full.</summary>
    public const int LostExitsOffset = 16;

    /// <summary>u64: first position that may not be reserved; written by the tracer, compared by the target before each reservation.</summary>
    public const int LimitOffset = 64;

    /// <summary>u64: where the data area is mapped in the target.</summary>
    public const int DataAddressOffset = 72;

    /// <summary>u32: the owner, written by the target's slow path when it claims the header.</summary>
    public const int TidOffset = 80;

    /// <summary>u32: a <see cref="RingState"/>.</summary>
    public const int StateOffset = 84;

    /// <summary>u64: where the thread's array of call counts is mapped in the target, 0 without one.</summary>
    public const int CountArrayOffset = 88;

    /// <summary>Bytes of one slot.</summary>
    public const int SlotBytes = 16;

    /// <summary>u64 in a slot: the TSC, stored last; nonzero commits the event.</summary>
    public const int SlotTimeOffset = 0;

    /// <summary>u32 in a slot: the site id.</summary>
    public const int SlotSiteOffset = 8;

    /// <summary>u32 in a slot: low half of rsp at the return slot.</summary>
    public const int SlotStackOffset = 12;

    /// <summary>
    /// Slots kept free above the limit. A signal handler that interrupts a writer between its compare and its xadd reserves too, so
    /// the head can pass the limit by one slot per nested writer; 64 nested handlers are more than there are signals.
    /// </summary>
    public const int SlackSlots = 64;

    /// <summary>Default bytes of a data area.</summary>
    public const int DefaultDataBytes = 4 << 20;

    /// <summary>Smallest data area: twice the slack, so that the limit is never at the tail.</summary>
    public const int MinDataBytes = 2 * SlackSlots * SlotBytes;
}
