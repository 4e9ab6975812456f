namespace Calltap.Trace;

/// <summary>
/// Offsets and sizes of a thread's ring: a power-of-two area of 16-byte slots. The emitted trampolines have the same numbers as
/// Calltap.Code's EventLayout; docs/ring-buffer.md explains them.
/// </summary>
public static class RingLayout
{
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
