using System.Buffers.Binary;
using System.Numerics;
using ZstdSharp;

namespace Calltap.Fuzz.Targets;

/// <summary>The framing of docs/trace-format.md, written a second time: what the reader checks is made right again behind a change.</summary>
static class TraceChunks
{
    const int FileHeader = 16;
    const int ChunkHeader = 16;
    const uint Marker = 0x48435443;
    const int EventsType = 6;
    const int EndType = 10;
    const int EventsHeader = 24;

    /// <summary>Type and payload of every chunk, as far as the framing goes.</summary>
    public static List<(int Type, byte[] Payload)> Split(byte[] file)
    {
        var chunks = new List<(int, byte[])>();
        int at = FileHeader;
        while (at + ChunkHeader <= file.Length && BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)) == Marker)
        {
            int type = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8));
            int end = (int)Math.Min(at + ChunkHeader + (long)length, file.Length);
            chunks.Add((type, file[(at + ChunkHeader)..end]));
            at = end;
        }
        return chunks;
    }

    /// <summary>A file of these chunks with every length, checksum and footer right; the index is what it is.</summary>
    public static byte[] Join(byte[] header, IEnumerable<(int Type, byte[] Payload)> chunks)
    {
        var file = new List<byte>(header.Length >= FileHeader ? header[..FileHeader] : [.. header, .. new byte[FileHeader - header.Length]]);
        foreach ((int type, byte[] payload) in chunks)
        {
            byte[] content = [.. payload];
            if (type == EndType && content.Length >= 8) BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(content.Length - 8), file.Count);
            var frame = new byte[ChunkHeader];
            BinaryPrimitives.WriteUInt32LittleEndian(frame, Marker);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), type);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12), Crc([.. frame[..12], .. content]));
            file.AddRange(frame);
            file.AddRange(content);
        }
        return [.. file];
    }

    /// <summary>The payload with its blocks as they are when unpacked, so that a change of a byte changes what is read.</summary>
    public static byte[] Unpacked(int type, byte[] payload)
    {
        try
        {
            var output = new List<byte>();
            int at = 0;
            if (type == EventsType) Copy(payload, ref at, EventsHeader, output);
            else CopyNumber(payload, ref at, output); // records: their number; the end: that of the events
            if (type == EndType) CopyNumber(payload, ref at, output);
            for (int blocks = type == EventsType ? 3 : 1; blocks > 0; blocks--) CopyBlock(payload, ref at, output);
            Copy(payload, ref at, payload.Length - at, output);
            return [.. output];
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or ZstdException)
        {
            return payload;
        }
    }

    static void CopyBlock(byte[] payload, ref int at, List<byte> output)
    {
        byte how = payload[at++];
        ulong length = Number(payload, ref at);
        int stored = checked((int)Number(payload, ref at));
        byte[] bytes = payload.AsSpan(at, stored).ToArray();
        at += stored;
        if (how == 1 && length < 1 << 20)
        {
            using var unpack = new Decompressor();
            bytes = unpack.Unwrap(bytes).ToArray();
        }
        output.Add(0);
        WriteNumber((ulong)bytes.Length, output);
        WriteNumber((ulong)bytes.Length, output);
        output.AddRange(bytes);
    }

    static void Copy(byte[] from, ref int at, int count, List<byte> output)
    {
        output.AddRange(from.AsSpan(at, count).ToArray());
        at += count;
    }

    static void CopyNumber(byte[] from, ref int at, List<byte> output) => WriteNumber(Number(from, ref at), output);

    static ulong Number(byte[] from, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = from[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) break;
        }
        return value;
    }

    static void WriteNumber(ulong value, List<byte> output)
    {
        for (; value >= 0x80; value >>= 7) output.Add((byte)(value | 0x80));
        output.Add((byte)value);
    }

    // CRC-32C
    static uint Crc(byte[] bytes)
    {
        uint state = ~0u;
        foreach (byte next in bytes) state = BitOperations.Crc32C(state, next);
        return ~state;
    }
}
