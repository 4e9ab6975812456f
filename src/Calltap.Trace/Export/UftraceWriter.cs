using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>
/// Writes the folder that <c>uftrace report|replay|graph -d</c> reads: records of 16 bytes in a file for each track, and files that say what addresses and
/// threads mean (<see cref="UftraceSymbols"/>, <see cref="UftraceTasks"/>). Times are CLOCK_MONOTONIC.
/// </summary>
public sealed class UftraceWriter : ITrackVisitor
{
    /// <summary>Calls deeper than this are left out: a record has ten bits for the depth.</summary>
    public const int MaxDepth = 1023;

    // A record: time, then from the lowest bit type (2), more (1), magic (3), depth (10), address (48).
    const int RecordBytes = 16;
    const int MagicShift = 3, DepthShift = 6, AddressShift = 16;
    const ulong Magic = 5;
    const ulong TypeEntry = 0, TypeExit = 1, TypeLost = 2;

    readonly Func<string, Stream> _create;
    readonly UftraceSymbols _symbols;
    readonly UftraceTasks _tasks;
    readonly MonotonicNs _start;
    readonly byte[] _buffer = new byte[RecordBytes << 12];
    Stream? _output;
    int _filled;
    int _depth;
    long _last;
    long _leftOut;

    UftraceWriter(TraceReader trace, Func<string, Stream> create)
    {
        (_create, _start) = (create, new TrackClock(trace).Start);
        _symbols = new UftraceSymbols(trace.Catalog);
        _tasks = new UftraceTasks(trace.Catalog, _start);
    }

    /// <summary>Writes a part of a trace; <paramref name="create"/> makes a file of the folder, which is closed when it is written.</summary>
    /// <exception cref="IOException">The trace or a file failed.</exception>
    public static ExportTotals Write(TraceReader trace, ExportPart part, Func<string, Stream> create)
    {
        var writer = new UftraceWriter(trace, create);
        ExportTotals totals = TrackReader.Read(trace, part, writer);
        writer._symbols.Write(writer._tasks.Sessions, create);
        writer._tasks.Write(create);
        return totals with { LeftOut = writer._leftOut };
    }

    /// <inheritdoc/>
    public void OnTrack(Track track)
    {
        ArgumentNullException.ThrowIfNull(track);
        _tasks.Add(track);
        _output = _create($"{track.Id}.dat");
        _last = _start.Value;
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, long ns)
    {
        if (_depth <= MaxDepth)
            Add(_start.Value + ns, TypeEntry, _depth, _symbols.AddressOf(function));
        else
            _leftOut++;
        _depth++;
    }

    /// <inheritdoc/>
    public void OnExit(in Call call, long ns)
    {
        _depth--;
        if (_depth <= MaxDepth)
            Add(_start.Value + ns, TypeExit, _depth, _symbols.AddressOf(call.Function));
    }

    /// <inheritdoc/>
    public void OnLost(in TrackLoss loss, long ns) => Add(_last, TypeLost, 0, (ulong)(loss.Entries + loss.Exits + loss.Holes));

    /// <inheritdoc/>
    public void OnEnd(ExportTotals totals, long ns)
    {
        Flush();
        _output!.Dispose();
    }

    void Add(long time, ulong type, int depth, ulong address)
    {
        if (_filled == _buffer.Length)
            Flush();
        Span<byte> record = _buffer.AsSpan(_filled, RecordBytes);
        BinaryPrimitives.WriteInt64LittleEndian(record, time);
        BinaryPrimitives.WriteUInt64LittleEndian(record[sizeof(ulong)..], type | (Magic << MagicShift) | ((ulong)depth << DepthShift) | (address << AddressShift));
        _filled += RecordBytes;
        _last = time;
    }

    void Flush()
    {
        _output!.Write(_buffer, 0, _filled);
        _filled = 0;
    }
}
