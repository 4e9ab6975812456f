using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>Finds the next whole chunk behind a damaged one.</summary>
sealed class ChunkSearch(IByteSource source, ChunkReader chunks)
{
    const int Window = 1 << 20;

    // Bytes of payloads that may be read in vain: a hostile file may have a false start of a long chunk every few bytes.
    long _budget = (64L << 20) + (4 * source.Length);

    /// <summary>Where the next whole chunk starts behind the damage at <paramref name="offset"/>; the end of the file without one.</summary>
    /// <exception cref="IOException">The source failed.</exception>
    public long Next(long offset)
    {
        if (chunks.EndOf(offset) is { } end && (end == source.Length || IsWhole(end)))
            return end;
        Span<byte> marker = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(marker, TraceFormat.ChunkMarker);
        byte[] buffer = new byte[(int)Math.Min(Window, source.Length)];
        for (long at = offset + 1; at < source.Length && _budget > 0; at += Window - marker.Length)
        {
            Span<byte> window = buffer.AsSpan(0, (int)Math.Min(buffer.Length, source.Length - at));
            source.Read(at, window);
            for (int from = 0; window[from..].IndexOf(marker) is var found and >= 0; from += found + 1)
                if (IsWhole(at + from + found))
                    return at + from + found;
        }

        return source.Length;
    }

    bool IsWhole(long offset)
    {
        if (_budget <= 0)
            return false;
        bool isWhole = chunks.IsWhole(offset, out int read);
        if (!isWhole)
            _budget -= read;
        return isWhole;
    }
}
