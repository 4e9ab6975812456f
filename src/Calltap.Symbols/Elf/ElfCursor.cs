using System.Buffers.Binary;

namespace Calltap.Symbols;

/// <summary>Reads little-endian values one after the other; past the end it throws instead of reading on.</summary>
internal ref struct ElfCursor(ReadOnlySpan<byte> bytes, string file, long origin, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes from the start of the range; always within it.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _bytes.Length - Position;

    public readonly ElfFormatException Fault(string expectation) => new(file, origin + Position, $"{expectation} in {what}");

    public void Seek(long position)
    {
        if (position < 0 || position > _bytes.Length)
            throw Fault($"an offset below {_bytes.Length} rather than {position}");
        Position = (int)position;
    }

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Remaining)
            throw Fault($"{count} more bytes (there are {Remaining})");
        var taken = _bytes.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    // DWARF 5, 7.6. Bits past the 64th are dropped, as libgcc's unwinder does.
    public ulong Uleb()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = U8();
            if (shift < 64)
                value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
                return value;
        }
    }

    public long Sleb()
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = U8();
            if (shift < 64)
                value |= (long)(part & 0x7F) << shift;
            if ((part & 0x80) != 0)
                continue;
            return (part & 0x40) != 0 && shift + 7 < 64 ? value | (-1L << (shift + 7)) : value;
        }
    }

    /// <summary>A length that must fit into what remains.</summary>
    public int Length()
    {
        var length = Uleb();
        return length <= (ulong)Remaining ? (int)length : throw Fault($"a length of at most {Remaining} rather than {length}");
    }

    /// <summary>The bytes up to the next zero byte, which is skipped.</summary>
    public ReadOnlySpan<byte> CString(int limit)
    {
        var rest = _bytes[Position..];
        var end = rest[..Math.Min(rest.Length, limit)].IndexOf((byte)0);
        if (end < 0)
            throw Fault($"a zero-terminated string of at most {limit} bytes");
        Position += end + 1;
        return rest[..end];
    }
}
