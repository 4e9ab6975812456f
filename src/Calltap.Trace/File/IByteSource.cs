namespace Calltap.Trace;

/// <summary>Bytes at offsets: a stream or memory. Several threads may read.</summary>
interface IByteSource
{
    /// <summary>Number of bytes.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="offset"/>; the range lies within <see cref="Length"/>.</summary>
    /// <exception cref="IOException">The stream failed, or became shorter.</exception>
    void Read(long offset, Span<byte> buffer);
}
