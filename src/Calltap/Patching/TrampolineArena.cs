using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Memory of ours in the target, within reach of the code it serves, that holds the trampolines and the stubs of its
/// sites. Private and anonymous: a fork child keeps the code it was forked with. Bytes are only ever appended; nothing
/// in it changes while a thread may run it.
/// </summary>
sealed class TrampolineArena
{
    const int Alignment = 16;

    readonly TargetTextWriter _writer;
    TargetAddress _next;
    byte[] _buffer = [];

    /// <summary>Takes over mapped memory from <paramref name="start"/> on and places the trampolines.</summary>
    public TrampolineArena(TargetTextWriter writer, TargetAddress start, TargetAddress end, TrampolineOptions options)
    {
        _writer = writer;
        Start = start;
        End = end;
        Trampolines = TrampolineEmitter.Emit(options, start);
        _writer.Place(start, Trampolines.Code.Span);
        _next = Align(start + Trampolines.Code.Length);
    }

    /// <summary>The copy of an arena in what was just forked.</summary>
    public TrampolineArena(TrampolineArena original, TargetTextWriter writer) =>
        (_writer, Start, End, Trampolines, _next) = (writer, original.Start, original.End, original.Trampolines, original._next);

    /// <summary>First byte.</summary>
    public TargetAddress Start { get; }

    /// <summary>Behind the last byte.</summary>
    public TargetAddress End { get; }

    /// <summary>The trampolines in it.</summary>
    public Trampolines Trampolines { get; }

    /// <summary>Bytes left.</summary>
    public long Room => End - _next;

    /// <summary>
    /// Writes one stub for each site into a buffer and places them with one write. The function is called with the
    /// writer and adds what it wants.
    /// </summary>
    public void Append(int stubs, Action<StubWriter> write)
    {
        long size = Math.Min(Room, (long)stubs * StubWriter.MaxStubSize);
        if (_buffer.Length < size || _buffer.Length > Room) _buffer = new byte[size]; // the same again where it can be: fresh memory costs more than a stub
        var writer = new StubWriter(_buffer, _next, Trampolines.Counting);
        try
        {
            write(writer);
        }
        finally
        {
            // Also of a function that fails: who was told of a stub will use it.
            _writer.Place(_next, _buffer.AsSpan(0, writer.Length));
            _next = Align(_next + writer.Length);
        }
    }

    static TargetAddress Align(TargetAddress address) => new((address.Value + Alignment - 1) & ~(ulong)(Alignment - 1));
}
