using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>Appends framed chunks to a stream and remembers where each is.</summary>
sealed class ChunkWriter
{
    readonly Stream _stream;
    readonly List<ChunkEntry> _chunks = [];
    long _position;

    /// <summary>Writes the file header to <paramref name="stream"/>, which is empty.</summary>
    public ChunkWriter(Stream stream)
    {
        _stream = stream;
        Span<byte> header = stackalloc byte[TraceFormat.FileHeaderBytes];
        header.Clear();
        TraceFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[TraceFormat.Magic.Length..], TraceFormat.Version);
        Append(header);
    }

    /// <summary>Bytes written.</summary>
    public long Position => _position;

    /// <summary>What was written so far.</summary>
    public IReadOnlyList<ChunkEntry> Chunks => _chunks;

    /// <summary>Appends one chunk; its offset and length are filled into <paramref name="entry"/>.</summary>
    public void Write(ChunkEntry entry, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > TraceLimits.MaxChunkBytes)
            throw new ArgumentException($"A chunk has at most {TraceLimits.MaxChunkBytes} bytes, not {payload.Length}.", nameof(payload));
        Span<byte> header = stackalloc byte[TraceFormat.ChunkHeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, TraceFormat.ChunkMarker);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)entry.Type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[TraceFormat.CheckedHeaderBytes..], Checksum.Of(header[..TraceFormat.CheckedHeaderBytes], payload));
        _chunks.Add(entry with { Offset = new FileOffset(_position), Length = new ByteSize(payload.Length) });
        Append(header);
        Append(payload);
    }

    /// <summary>Hands everything to the operating system.</summary>
    public void Flush() => _stream.Flush();

    void Append(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _position += bytes.Length;
    }
}
