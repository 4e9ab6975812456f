using System.Buffers.Binary;
using System.Text;

namespace Calltap.Trace;

/// <summary>Reads what <see cref="ByteWriter"/> wrote, trusting nothing.</summary>
ref struct ByteReader
{
    readonly ReadOnlySpan<byte> _data;
    readonly ChunkPlace _place;
    int _at;

    /// <summary>A reader of <paramref name="data"/>, which came from the chunk at <paramref name="place"/>.</summary>
    public ByteReader(ReadOnlySpan<byte> data, ChunkPlace place)
    {
        _data = data;
        _place = place;
    }

    /// <summary>Bytes left.</summary>
    public readonly int Left => _data.Length - _at;

    /// <summary>An unsigned number.</summary>
    public ulong Number() => Varint.TryRead(_data, ref _at, out ulong value) ? value : throw _place.Expected("a number");

    /// <summary>An unsigned number that is at most <paramref name="max"/>.</summary>
    public int Number(int max, string what)
    {
        ulong value = Number();
        return value <= (ulong)max ? (int)value : throw _place.Expected($"{what} of at most {max}");
    }

    /// <summary>An unsigned number from 1 to <paramref name="max"/>.</summary>
    public int Positive(int max, string what)
    {
        int value = Number(max, what);
        return value > 0 ? value : throw _place.Expected($"{what} above 0");
    }

    /// <summary>A count of things that take at least one byte each, so it is at most the bytes left.</summary>
    public int Count() => Number(Left, "a count");

    /// <summary>A 32-bit word.</summary>
    public uint Word32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

    /// <summary>A 64-bit word.</summary>
    public ulong Word64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));

    /// <summary>
    /// A string. Bytes that are not UTF-8 and control characters become U+FFFD: names end up on terminals, and a file may be hostile.
    /// </summary>
    public string Text()
    {
        string text = Encoding.UTF8.GetString(Bytes(Number(TraceLimits.MaxStringBytes, "a string length")));
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;
    }

    /// <summary>The next <paramref name="count"/> bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > Left)
            throw _place.Expected($"{count} more bytes");
        _at += count;
        return _data.Slice(_at - count, count);
    }
}
