namespace Calltap.Trace;

/// <summary>A file in memory.</summary>
sealed class MemorySource(ReadOnlyMemory<byte> memory) : IByteSource
{
    /// <inheritdoc/>
    public long Length => memory.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> buffer) => memory.Span.Slice((int)offset, buffer.Length).CopyTo(buffer);
}
