using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>
/// A thread header seen from the tracer. All fields but <see cref="Limit"/> and <see cref="DataAddress"/> come from the target and
/// may hold anything.
/// </summary>
public readonly ref struct RingHeader
{
    readonly Span<ulong> _words;

    /// <summary>A view of the header in <paramref name="memory"/>, which is 8-byte aligned (it is mapped).</summary>
    /// <exception cref="ArgumentException">Shorter than <see cref="RingLayout.HeaderBytes"/>.</exception>
    public RingHeader(Span<byte> memory)
    {
        if (memory.Length < RingLayout.HeaderBytes)
            throw new ArgumentException($"A ring header has {RingLayout.HeaderBytes} bytes, not {memory.Length}.", nameof(memory));
        _words = MemoryMarshal.Cast<byte, ulong>(memory[..RingLayout.HeaderBytes]);
    }

    /// <summary>Bytes reserved so far. Pairs with the target's xadd: everything below may be in the ring or on its way.</summary>
    public ulong Head => Volatile.Read(ref Word(RingLayout.HeadOffset));

    /// <summary>Entry events that found the ring full, since the thread claimed it.</summary>
    public ulong LostEntries => Volatile.Read(ref Word(RingLayout.LostEntriesOffset));

    /// <summary>Exit events that found the ring full, since the thread claimed it.</summary>
    public ulong LostExits => Volatile.Read(ref Word(RingLayout.LostExitsOffset));

    /// <summary>
    /// First position the target may not reserve. Set it to <see cref="RingReader.Limit"/> after a drain; the release orders the zeroed
    /// slots before it and pairs with the target's compare.
    /// </summary>
    public ulong Limit
    {
        get => Volatile.Read(ref Word(RingLayout.LimitOffset));
        set => Volatile.Write(ref Word(RingLayout.LimitOffset), value);
    }

    /// <summary>Where the data area is mapped in the target.</summary>
    public TargetAddress DataAddress
    {
        get => new(Volatile.Read(ref Word(RingLayout.DataAddressOffset)));
        set => Volatile.Write(ref Word(RingLayout.DataAddressOffset), value.Value);
    }

    /// <summary>Where the count array is mapped in the target; 0 without one.</summary>
    public TargetAddress CountArrayAddress
    {
        get => new(Volatile.Read(ref Word(RingLayout.CountArrayOffset)));
        set => Volatile.Write(ref Word(RingLayout.CountArrayOffset), value.Value);
    }

    /// <summary>The thread that claimed the ring.</summary>
    public Tid Tid => new((int)Volatile.Read(ref Half(RingLayout.TidOffset)));

    /// <summary>Who owns the ring; values outside the enum are possible in a hostile target.</summary>
    public RingState State
    {
        get => (RingState)Volatile.Read(ref Half(RingLayout.StateOffset));
        set => Volatile.Write(ref Half(RingLayout.StateOffset), (uint)value);
    }

    ref ulong Word(int offset) => ref _words[offset / sizeof(ulong)];

    ref uint Half(int offset) => ref MemoryMarshal.Cast<ulong, uint>(_words)[offset / sizeof(uint)];
}
