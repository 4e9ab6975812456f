using Calltap.Code.Emit;

namespace Calltap.Patching;

/// <summary>A part of an arena: the stubs of one module that came, or of all for which the arena was made. Bytes are only ever appended.</summary>
sealed class ArenaPlot
{
    const int Alignment = 16;

    TargetAddress _next;

    /// <summary>Takes a part of an arena that nothing leads into.</summary>
    public ArenaPlot(TrampolineArena arena, TargetAddress start, TargetAddress end)
    {
        Arena = arena;
        Start = _next = start;
        End = end;
    }

    /// <summary>The copy of a plot in the copy of its arena.</summary>
    public ArenaPlot(ArenaPlot original, TrampolineArena arena)
        : this(arena, original.Start, original.End) => _next = original._next;

    /// <summary>The arena.</summary>
    public TrampolineArena Arena { get; }

    /// <summary>Its first byte.</summary>
    public TargetAddress Start { get; }

    /// <summary>Behind its last byte.</summary>
    public TargetAddress End { get; }

    /// <summary>Bytes.</summary>
    public long Size => End - Start;

    /// <summary>Bytes that are free.</summary>
    public long Room => Math.Max(0, End - _next); // what comes next is aligned

    /// <summary>Bytes that a plot needs for stubs of so many bytes.</summary>
    public static long SizeFor(long stubs) => Align(new TargetAddress((ulong)(stubs + StubWriter.MaxStubSize))) - default(TargetAddress);

    /// <summary>
    /// Writes one stub for each site into a buffer and places them with one write. The function is called with the
    /// writer and adds what it wants.
    /// </summary>
    public void Append(int stubs, Action<StubWriter> write)
    {
        byte[] buffer = Arena.BufferOf(Math.Min(Room, (long)stubs * StubWriter.MaxStubSize), Room);
        var writer = new StubWriter(buffer, _next, Arena.Trampolines.Counting);
        try
        {
            write(writer);
        }
        finally
        {
            // Also of a function that fails: who was told of a stub will use it.
            Arena.Place(_next, buffer.AsSpan(0, writer.Length));
            _next = Align(_next + writer.Length);
        }
    }

    /// <summary>Where the next stub may begin.</summary>
    public static TargetAddress Align(TargetAddress address) => new((address.Value + Alignment - 1) & ~(ulong)(Alignment - 1));
}
