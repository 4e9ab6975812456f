using System.Buffers.Binary;
using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Code.Managed;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Memory of ours in the target, within reach of the code it serves, that holds the trampolines and, in plots, the stubs of sites. Private and anonymous: a
/// fork child keeps the code it was forked with. Nothing in it changes while a thread may run it.
/// </summary>
sealed class TrampolineArena
{
    readonly TargetTextWriter _writer;
    const int FaultShare = 8; // of which one is for the table of instructions that may fault
    const int CountSize = sizeof(ulong);

    readonly long _mostFaults;
    byte[] _buffer = [];
    long _faults;

    /// <summary>Takes over mapped memory from <paramref name="start"/> on and places the trampolines.</summary>
    public TrampolineArena(TargetTextWriter writer, TargetAddress start, TargetAddress end, TrampolineOptions options)
    {
        _writer = writer;
        Start = start;
        End = end;
        Trampolines = TrampolineEmitter.Emit(options, start);
        _mostFaults = options.ForwardsFaults ? (end - start) / FaultShare / FaultHandlerEmitter.EntrySize : 0;
        _writer.Place(start, Trampolines.Code.Span);
    }

    /// <summary>The copy of an arena in what was just forked.</summary>
    public TrampolineArena(TrampolineArena original, TargetTextWriter writer) =>
        (_writer, Start, End, Trampolines, _mostFaults, _faults) = (writer, original.Start, original.End, original.Trampolines, original._mostFaults, original._faults);

    /// <summary>First byte.</summary>
    public TargetAddress Start { get; }

    /// <summary>Behind the last byte.</summary>
    public TargetAddress End { get; }

    /// <summary>The trampolines in it.</summary>
    public Trampolines Trampolines { get; }

    /// <summary>Where plots begin.</summary>
    public TargetAddress FirstPlot => ArenaPlot.Align(Start + Trampolines.Code.Length);

    /// <summary>Where they end.</summary>
    public TargetAddress LastPlotEnd => _mostFaults == 0 ? End : End + -(CountSize + FaultHandlerEmitter.EntrySize * _mostFaults);

    /// <summary>Whether so many more instructions that may fault have room in the table.</summary>
    public bool HasRoomForFaults(int instructions) => _faults + instructions <= _mostFaults;

    /// <summary>Notes which instructions those of a stub stand for, before anything leads to it.</summary>
    public void AddFaults(Site site, Stub stub)
    {
        int[] starts = [0, .. site.Plan.InteriorStarts];
        OffsetSet faulting = FaultingInstructions.Of(site.Plan);
        for (int i = 0; i < starts.Length; i++)
            if (faulting.Contains(starts[i])) AddFault(i == 0 ? stub.Displaced : stub.Interior[i - 1], site.Address + starts[i]);
        Span<byte> count = stackalloc byte[CountSize];
        BinaryPrimitives.WriteInt64LittleEndian(count, _faults);
        _writer.Place(End + -CountSize, count);
    }

    void AddFault(TargetAddress displaced, TargetAddress original)
    {
        Span<byte> entry = stackalloc byte[FaultHandlerEmitter.EntrySize];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, displaced.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], original.Value);
        _writer.Place(End + -(CountSize + FaultHandlerEmitter.EntrySize * ++_faults), entry);
    }

    /// <summary>A buffer of at least so many bytes, and of no more than there is room for.</summary>
    public byte[] BufferOf(long size, long room)
    {
        if (_buffer.Length < size || _buffer.Length > room) _buffer = new byte[size]; // the same again where it can be: fresh memory costs more than a stub
        return _buffer;
    }

    /// <summary>Places bytes that nothing leads to yet.</summary>
    public void Place(TargetAddress address, ReadOnlySpan<byte> bytes) => _writer.Place(address, bytes);
}
