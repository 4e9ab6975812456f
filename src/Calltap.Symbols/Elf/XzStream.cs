using SharpCompress.Compressors.Xz;

namespace Calltap.Symbols;

/// <summary>
/// Decompresses a stream of The .xz File Format (version 1.2.1) that holds LZMA2 alone. Its headers are read first: they tell how much comes out and
/// how much memory the decoder would take, so that neither is up to whoever made the file.
/// </summary>
internal static class XzStream
{
    private const int HeaderSize = 12;
    private const int CheckTypeAt = 7;
    private const byte Lzma2 = 0x21;
    private const int MaxDictionary = 64 << 20; // that of xz -9

    /// <param name="file">The file that holds the stream, for messages.</param>
    /// <param name="section">Where.</param>
    /// <exception cref="ElfFormatException">It is no such stream, or holds more than the file's limits allow.</exception>
    public static byte[] Decompress(ElfFile file, ElfSection section)
    {
        var size = Measure(file, section);
        try
        {
            var content = new byte[size];
            using var compressed = new MemoryStream(file.Bytes(section).ToArray(), writable: false);
            using var stream = new XZStream(compressed);
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ElfFormatException))
        {
            // The decoder has many ways to say that it does not understand.
            throw new ElfFormatException(file.Path, ElfFile.Clamp(section.Offset), $"an .xz stream in {section.Name} ({e.Message})");
        }
    }

    /// <summary>The bytes that come out of it.</summary>
    private static int Measure(ElfFile file, ElfSection section)
    {
        var cursor = file.Cursor(section);
        var header = cursor.Take(HeaderSize);
        if (!header.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]))
            throw cursor.Fault("the header of an .xz stream");
        var check = CheckSize(header[CheckTypeAt] & 0xF);
        long total = 0;
        while (cursor.U8() is not 0 and var headerSize) // 0: the index follows
        {
            ReadBlockHeader(ref cursor, headerSize);
            var start = cursor.Position;
            total += Chunks(ref cursor);
            cursor.Seek(cursor.Position + (-(cursor.Position - start) & 3) + check);
            if (total > file.Limits.UncompressedBytes)
                throw cursor.Fault($"at most {file.Limits.UncompressedBytes} uncompressed bytes");
        }

        return (int)total;
    }

    // Types 1 to 15 in groups of three: 4, 8, 16, 32, 64 bytes.
    private static int CheckSize(int type) => type == 0 ? 0 : 4 << ((type - 1) / 3);

    private static void ReadBlockHeader(ref ElfCursor cursor, byte size)
    {
        var end = cursor.Position - 1 + ((size + 1) * 4);
        var flags = cursor.U8();
        if ((flags & 0x3F) != 0)
            throw cursor.Fault("a block with one filter");
        if ((flags & 0x40) != 0)
            cursor.Uleb(); // compressed size
        if ((flags & 0x80) != 0)
            cursor.Uleb(); // uncompressed size
        if (cursor.Uleb() != Lzma2 || cursor.Uleb() != 1)
            throw cursor.Fault("the filter LZMA2");
        var bits = cursor.U8();
        if (bits > 40 || (2L | (bits & 1u)) << ((bits / 2) + 11) > MaxDictionary)
            throw cursor.Fault($"a dictionary of at most {MaxDictionary} bytes");
        cursor.Seek(end);
    }

    // A control byte: 0 the end; 1 and 2 stored bytes; from 0x80 on LZMA, with bits 16 to 20 of the size, and with new properties from 0xC0 on.
    private static long Chunks(ref ElfCursor cursor)
    {
        long total = 0;
        while (cursor.U8() is not 0 and var control)
        {
            if (control is > 2 and < 0x80)
                throw cursor.Fault("an LZMA2 chunk");
            var size = BigEndian(ref cursor) + 1;
            if (control >= 0x80)
            {
                total += ((control & 0x1F) << 16) + size;
                size = BigEndian(ref cursor) + 1 + (control >= 0xC0 ? 1 : 0);
            }
            else
            {
                total += size;
            }

            cursor.Take(size);
        }

        return total;
    }

    private static int BigEndian(ref ElfCursor cursor) => (cursor.U8() << 8) | cursor.U8();
}
