using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>Reads and checks framed chunks. Not thread-safe.</summary>
sealed class ChunkReader(IByteSource source, string file)
{
    byte[] _payload = [];

    /// <summary>Bytes in the file.</summary>
    public long Length => source.Length;

    /// <summary>The place of a chunk, for messages.</summary>
    public ChunkPlace PlaceOf(FileOffset offset) => new(file, offset);

    /// <summary>Checks magic and version.</summary>
    /// <exception cref="TraceFormatException">This is no trace file, or one of another version.</exception>
    public void CheckFileHeader()
    {
        Span<byte> header = stackalloc byte[TraceFormat.FileHeaderBytes];
        if (source.Length < header.Length)
            throw PlaceOf(default).Expected($"a file header of {header.Length} bytes");
        source.Read(0, header);
        if (!header.StartsWith(TraceFormat.Magic))
            throw PlaceOf(default).Expected("the magic number of a Calltap trace");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[TraceFormat.Magic.Length..]);
        if (version != TraceFormat.Version)
            throw PlaceOf(new FileOffset(TraceFormat.Magic.Length)).Expected($"format version {TraceFormat.Version}, not {version}");
    }

    /// <summary>Reads the chunk at <paramref name="offset"/>; its payload lasts until the next call.</summary>
    /// <exception cref="TraceFormatException">The chunk is cut off or damaged.</exception>
    public ReadOnlySpan<byte> Read(FileOffset offset, out ChunkEntry entry)
    {
        ChunkPlace place = PlaceOf(offset);
        Span<byte> header = stackalloc byte[TraceFormat.ChunkHeaderBytes];
        long left = source.Length - offset.Value;
        if (offset.Value < TraceFormat.FileHeaderBytes || left < header.Length)
            throw place.Expected("a chunk header");
        source.Read(offset.Value, header);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != TraceFormat.ChunkMarker || length > TraceLimits.MaxChunkBytes)
            throw place.Expected("a chunk header");
        if (length > left - header.Length)
            throw place.Expected($"{length} bytes of payload, not {left - header.Length}");
        Span<byte> payload = Payload((int)length);
        source.Read(offset.Value + header.Length, payload);
        if (Checksum.Of(header[..TraceFormat.CheckedHeaderBytes], payload) != BinaryPrimitives.ReadUInt32LittleEndian(header[TraceFormat.CheckedHeaderBytes..]))
            throw place.Expected("a chunk whose checksum is right");
        var type = (ChunkType)BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        entry = new ChunkEntry { Type = type, Offset = offset, Length = new ByteSize(length) };
        if (type == ChunkType.Events)
            entry = EventsChunk.ReadEntry(payload, entry, place);
        return payload;
    }

    /// <summary>Whether the file starts as a trace does, of whatever version.</summary>
    public bool HasMagic()
    {
        Span<byte> magic = stackalloc byte[TraceFormat.Magic.Length];
        if (source.Length < TraceFormat.FileHeaderBytes)
            return false;
        source.Read(0, magic);
        return magic.SequenceEqual(TraceFormat.Magic);
    }

    /// <summary>Where the chunk at <paramref name="offset"/> ends, by its header; null where that is none, or the end is not in the file.</summary>
    public long? EndOf(long offset)
    {
        Span<byte> header = stackalloc byte[TraceFormat.ChunkHeaderBytes];
        if (offset < TraceFormat.FileHeaderBytes || source.Length - offset < header.Length)
            return null;
        source.Read(offset, header);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        long end = offset + header.Length + length;
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == TraceFormat.ChunkMarker && length <= TraceLimits.MaxChunkBytes && end <= source.Length ? end : null;
    }

    /// <summary>Whether a chunk at <paramref name="offset"/> checks out; <paramref name="read"/> says how many bytes that took. Its contents may be anything.</summary>
    public bool IsWhole(long offset, out int read)
    {
        read = TraceFormat.ChunkHeaderBytes;
        if (EndOf(offset) is not { } end)
            return false;
        Span<byte> header = stackalloc byte[TraceFormat.ChunkHeaderBytes];
        source.Read(offset, header);
        Span<byte> payload = Payload((int)(end - offset) - header.Length);
        source.Read(offset + header.Length, payload);
        read += payload.Length;
        return Checksum.Of(header[..TraceFormat.CheckedHeaderBytes], payload) == BinaryPrimitives.ReadUInt32LittleEndian(header[TraceFormat.CheckedHeaderBytes..]);
    }

    /// <summary>The last <see cref="TraceFormat.FooterBytes"/> bytes, as the offset of an end chunk.</summary>
    public FileOffset ReadFooter()
    {
        Span<byte> footer = stackalloc byte[TraceFormat.FooterBytes];
        source.Read(source.Length - footer.Length, footer);
        return EndChunk.ReadFooter(footer);
    }

    Span<byte> Payload(int length)
    {
        if (_payload.Length < length)
            _payload = new byte[length];
        return _payload.AsSpan(0, length);
    }
}
