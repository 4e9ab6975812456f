namespace Calltap.Trace;

/// <summary>What was skipped of a damaged file: all of it counts, the first parts are kept. Several threads may add.</summary>
public sealed class SkippedParts
{
    const int MaxKept = 1000; // of a file that has nothing but damage

    readonly Lock _gate = new();
    readonly List<DamagedPart> _first = [];
    readonly HashSet<FileOffset> _chunks = [];

    /// <summary>The first parts, by offset.</summary>
    public IReadOnlyList<DamagedPart> First
    {
        get { lock (_gate) return [.. _first.OrderBy(part => part.Offset)]; }
    }

    /// <summary>Number of parts.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all parts.</summary>
    public ByteSize Size { get; private set; }

    /// <summary>A part between chunks that check out.</summary>
    internal void Add(FileOffset offset, long bytes, string expectation)
    {
        lock (_gate)
        {
            Count++;
            Size = new ByteSize(Size.Value + bytes);
            if (_first.Count < MaxKept)
                _first.Add(new DamagedPart(offset, new ByteSize(bytes), expectation));
        }
    }

    /// <summary>A chunk of events that unpacks to something else: each read finds it again.</summary>
    internal void AddChunk(in ChunkEntry chunk, string expectation)
    {
        lock (_gate)
            if (!_chunks.Add(chunk.Offset))
                return;
        Add(chunk.Offset, TraceFormat.ChunkHeaderBytes + chunk.Length.Value, expectation);
    }
}
