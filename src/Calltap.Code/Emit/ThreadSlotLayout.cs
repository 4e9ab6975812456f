namespace Calltap.Code.Emit;

/// <summary>
/// The thread table: where a trampoline finds the ring of the thread that runs it. Private memory that is wiped in
/// fork children (MADV_WIPEONFORK), so that a child finds no slot, sees <see cref="SwitchOffset"/> off and records nothing.
/// </summary>
/// <remarks>
/// Offset table of the table's first line: +0 dword switch (1 = record). Slots follow at <see cref="SlotsOffset"/>,
/// one cache line each, found by the tid that libc keeps behind the thread pointer:
/// <code>
/// +0  key     dword: the owner's tid, masked (<see cref="KeyMask"/>); 0 = free, 1 = being claimed, 2 = its owner has ended
/// +8  header  address of the thread header (ThreadHeaderLayout)
/// +16 data    address of the ring's first byte
/// +24 counts  address of the thread's counters, 8 bytes each
/// </code>
/// </remarks>
public static class ThreadSlotLayout
{
    /// <summary>Offset of the dword that is 1 while the session records.</summary>
    public const int SwitchOffset = 0;

    /// <summary>Offset of the first slot.</summary>
    public const int SlotsOffset = 64;

    /// <summary>Bytes of a slot.</summary>
    public const int SlotSize = 1 << SlotSizeLog2;

    /// <summary>Base-2 logarithm of <see cref="SlotSize"/>.</summary>
    public const int SlotSizeLog2 = 6;

    /// <summary>Slots in the table: a power of two.</summary>
    public const int SlotCount = 1 << SlotCountLog2;

    /// <summary>Base-2 logarithm of <see cref="SlotCount"/>.</summary>
    public const int SlotCountLog2 = 13;

    /// <summary>How many slots a lookup tries before it gives up.</summary>
    public const int ProbeLimit = 128;

    /// <summary>Bytes of the whole table.</summary>
    public const int TableSize = SlotsOffset + SlotSize * SlotCount;

    /// <summary>
    /// A key is the tid with these bits changed: no tid, nor a 0 where some code of its own has put no tid, gives the key
    /// of a free slot.
    /// </summary>
    public const uint KeyMask = 0xC0A1_1A90;

    /// <summary>Offset of the key.</summary>
    public const int Key = 0;

    /// <summary>Offset of the header's address in a slot.</summary>
    public const int Header = 8;

    /// <summary>Offset of the ring data's address in a slot.</summary>
    public const int Data = 16;

    /// <summary>Offset of the counters' address in a slot.</summary>
    public const int Counts = 24;

    /// <summary>Key of a slot that a thread is claiming.</summary>
    public const uint KeyBusy = 1;

    /// <summary>Written by the tracer over the key of a thread that has ended: its slot may be taken over.</summary>
    public const uint KeyOfDead = 2;

    /// <summary>The key of a thread.</summary>
    public static uint KeyOf(Tid tid) => (uint)tid.Value ^ KeyMask;

    /// <summary>The slot at which the search for a key starts.</summary>
    public static int SlotOf(uint key) => (int)(key & (SlotCount - 1));
}
