namespace Calltap.Trace;

/// <summary>A seekable stream; its length is taken once, so that a file that grows is read up to there. Several threads may read.</summary>
sealed class StreamSource(Stream stream) : IByteSource
{
    readonly Lock _gate = new();

    /// <inheritdoc/>
    public long Length { get; } = stream.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> buffer)
    {
        lock (_gate)
        {
            if (stream.Position != offset)
                stream.Position = offset;
            stream.ReadExactly(buffer);
        }
    }
}
