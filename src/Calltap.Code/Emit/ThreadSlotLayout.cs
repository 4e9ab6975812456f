namespace Calltap.Code.Emit;

/// <summary>
/// The thread table: where a trampoline finds the ring of the thread that runs it. Private memory that is wiped in
/// fork children (MADV_WIPEONFORK), so that a child finds no slot, sees <see cref="SwitchOffset"/> off and records nothing.
/// </summary>
/// <remarks>
/// Offset table of the table's first line: +0 dword switch (1 = record). Slots follow at <see cref="SlotsOffset"/>,
/// one cache line each, found by the hash of the thread pointer (fs:0, System V psABI TLS: it holds its own address):
/// <code>
/// +0  key     thread pointer; 0 = free, 1 = being claimed
/// +8  header  address of the thread header (ThreadHeaderLayout)
/// +16 data    address of the ring's first byte
/// +24 counts  address of the thread's counters, 8 bytes each
/// +32 tid     dword: owner, compared with the one libc keeps, where its offset was verified
/// </code>
/// </remarks>
public static class ThreadSlotLayout
{
    /// <summary>Offset of the dword that is 1 while the session records.</summary>
    public const int SwitchOffset = 0;

    /// <summary>Offset of the first slot.</summary>
    public const int SlotsOffset = 64;

    /// <summary>Bytes of a slot.</summary>
    public const int SlotSize = 64;

    /// <summary>Slots in the table: a power of two.</summary>
    public const int SlotCount = 1 << SlotCountLog2;

    /// <summary>Base-2 logarithm of <see cref="SlotCount"/>.</summary>
    public const int SlotCountLog2 = 13;

    /// <summary>How many slots a lookup tries before it gives up.</summary>
    public const int ProbeLimit = 128;

    /// <summary>Bytes of the whole table.</summary>
    public const int TableSize = SlotsOffset + SlotSize * SlotCount;

    /// <summary>Multiplier of the hash (2^32 / golden ratio); the top bits of the low product choose the slot.</summary>
    public const uint HashMultiplier = 0x9E3779B1;

    /// <summary>Offset of the thread pointer in a slot.</summary>
    public const int Key = 0;

    /// <summary>Offset of the header's address in a slot.</summary>
    public const int Header = 8;

    /// <summary>Offset of the ring data's address in a slot.</summary>
    public const int Data = 16;

    /// <summary>Offset of the counters' address in a slot.</summary>
    public const int Counts = 24;

    /// <summary>Offset of the owner's tid in a slot.</summary>
    public const int Tid = 32;

    /// <summary>Key of a slot that a thread is claiming.</summary>
    public const int KeyBusy = 1;

    /// <summary>Written by the tracer over the tid of a thread that has ended: its slot may be taken over.</summary>
    public const int TidOfDead = -1;

    /// <summary>The slot at which the search for a thread pointer starts.</summary>
    public static int SlotOf(ulong threadPointer) =>
        (int)(unchecked((uint)threadPointer * HashMultiplier) >> (32 - SlotCountLog2));
}
