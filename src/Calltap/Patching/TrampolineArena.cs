using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Memory of ours in the target, within reach of the code it serves, that holds the trampolines and, in plots, the stubs of sites. Private and anonymous: a
/// fork child keeps the code it was forked with. Nothing in it changes while a thread may run it.
/// </summary>
sealed class TrampolineArena
{
    readonly TargetTextWriter _writer;
    byte[] _buffer = [];

    /// <summary>Takes over mapped memory from <paramref name="start"/> on and places the trampolines.</summary>
    public TrampolineArena(TargetTextWriter writer, TargetAddress start, TargetAddress end, TrampolineOptions options)
    {
        _writer = writer;
        Start = start;
        End = end;
        Trampolines = TrampolineEmitter.Emit(options, start);
        _writer.Place(start, Trampolines.Code.Span);
    }

    /// <summary>The copy of an arena in what was just forked.</summary>
    public TrampolineArena(TrampolineArena original, TargetTextWriter writer) =>
        (_writer, Start, End, Trampolines) = (writer, original.Start, original.End, original.Trampolines);

    /// <summary>First byte.</summary>
    public TargetAddress Start { get; }

    /// <summary>Behind the last byte.</summary>
    public TargetAddress End { get; }

    /// <summary>The trampolines in it.</summary>
    public Trampolines Trampolines { get; }

    /// <summary>Where plots begin.</summary>
    public TargetAddress FirstPlot => ArenaPlot.Align(Start + Trampolines.Code.Length);

    /// <summary>A buffer of at least so many bytes, and of no more than there is room for.</summary>
    public byte[] BufferOf(long size, long room)
    {
        if (_buffer.Length < size || _buffer.Length > room) _buffer = new byte[size]; // the same again where it can be: fresh memory costs more than a stub
        return _buffer;
    }

    /// <summary>Places bytes that nothing leads to yet.</summary>
    public void Place(TargetAddress address, ReadOnlySpan<byte> bytes) => _writer.Place(address, bytes);
}
