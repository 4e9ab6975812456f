namespace Calltap.Trace;

/// <summary>
/// Writes a trace.dat of version 6, which <c>trace-cmd report</c> and KernelShark read: the events of ftrace's function_graph, with a CPU for each track, because
/// a trace doesn't say on which CPU a call was, and each CPU has its own buffer. The trace is read twice: the file begins with how long everything is.
/// </summary>
public sealed class TraceDatWriter
{
    const int PageBytes = FtracePages.PageBytes;

    readonly TraceReader _trace;
    readonly TraceDatTracks _tracks = new();
    readonly Stream _output;

    TraceDatWriter(TraceReader trace, Stream output) => (_trace, _output) = (trace, output);

    /// <summary>Writes a part of a trace.</summary>
    /// <exception cref="IOException">The trace or the output failed.</exception>
    public static ExportTotals Write(TraceReader trace, ExportPart part, Stream output)
    {
        ArgumentNullException.ThrowIfNull(trace);
        return new TraceDatWriter(trace, output).Write(part);
    }

    ExportTotals Write(ExportPart part)
    {
        MonotonicNs start = new TrackClock(_trace).Start;
        TrackReader.Read(_trace, part, new FtracePages(start, Stream.Null, _tracks));
        WriteHeader();
        return TrackReader.Read(_trace, part, new FtracePages(start, _output, new TraceDatTracks()));
    }

    // A whole number of pages.
    void WriteHeader()
    {
        var header = new ByteWriter();
        header.Bytes([0x17, 0x08, 0x44]);
        header.Bytes("tracing6\0"u8);
        header.Bytes([0, sizeof(ulong)]); // little-endian, bytes of a long
        header.Word32(PageBytes);
        TraceDatFormats.Write(header);
        TraceDatNames.Write(header, _trace.Catalog, _tracks);
        header.Word32((uint)_tracks.Pages.Count);
        header.Bytes("flyrecord\0"u8);
        long end = header.Length + (2L * sizeof(ulong) * _tracks.Pages.Count), offset = RoundUp(end);
        long first = offset;
        foreach (long pages in _tracks.Pages)
        {
            header.Word64((ulong)offset);
            header.Word64((ulong)(pages * PageBytes));
            offset += pages * PageBytes;
        }

        header.Take((int)(first - end)).Clear();
        _output.Write(header.Written);
    }

    static long RoundUp(long value) => (value + PageBytes - 1) / PageBytes * PageBytes;
}
