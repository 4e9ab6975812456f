namespace Calltap.Trace;

/// <summary>Reads, checks and decodes chunks of events, independently of all others. One thread; several may share a source.</summary>
sealed class ChunkDecoder(IByteSource source, string file) : IDisposable
{
    readonly ChunkReader _chunks = new(source, file);
    readonly EventsChunk _events = new();

    /// <inheritdoc cref="EventDecoder.IsInOrder"/>
    public bool IsInOrder => _events.IsInOrder;

    /// <summary>Decodes the chunk into <paramref name="buffer"/> from <paramref name="at"/> on, grown when too small. Returns the end.</summary>
    /// <exception cref="TraceFormatException">It is damaged, or not the chunk that the index tells of.</exception>
    /// <exception cref="IOException">The source failed.</exception>
    public int Decode(ChunkEntry chunk, int at, ref TraceEvent[] buffer)
    {
        ReadOnlySpan<byte> payload = _chunks.Read(chunk.Offset, out ChunkEntry found);
        if (found != chunk)
            throw _chunks.PlaceOf(chunk.Offset).Expected("the chunk that the index tells of");
        return _events.Read(payload, at, ref buffer, _chunks.PlaceOf(chunk.Offset));
    }

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();
}
