using System.Buffers.Binary;
using System.Text;

namespace Calltap.Modules;

/// <summary>Reads what <see cref="CacheOutput"/> wrote. Whatever does not fit is an <see cref="InvalidDataException"/>.</summary>
struct CacheInput(byte[] bytes, int start, int end)
{
    readonly byte[] _bytes = bytes;
    readonly int _end = end;
    int _at = start;

    /// <summary>Takes so many bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if ((uint)count > (uint)(_end - _at)) throw new InvalidDataException("an entry that ends early");
        _at += count;
        return _bytes.AsSpan(_at - count, count);
    }

    /// <summary>A part with an end of its own, as <see cref="CacheOutput.Append"/> wrote it.</summary>
    public CacheInput Part()
    {
        int length = Count();
        int first = _at;
        Bytes(length);
        return new CacheInput(_bytes, first, first + length);
    }

    /// <summary>One byte.</summary>
    public byte Byte() => _at < _end ? _bytes[_at++] : throw new InvalidDataException("an entry that ends early");

    /// <summary>A number in LEB128.</summary>
    public ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw new InvalidDataException("a number of more than 64 bits");
    }

    /// <summary>A number with a sign.</summary>
    public long Signed()
    {
        ulong value = Number();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>How many of something follow: never more than there are bytes.</summary>
    public int Count()
    {
        ulong count = Number();
        return count <= (ulong)(_end - _at) ? (int)count : throw new InvalidDataException("more than an entry holds");
    }

    /// <summary>A value of an enumeration whose highest is <paramref name="last"/>.</summary>
    public int Choice(int last)
    {
        byte choice = Byte();
        return choice <= last ? choice : throw new InvalidDataException("an unknown choice");
    }

    /// <summary>All 128 bits.</summary>
    public UInt128 Wide() => BinaryPrimitives.ReadUInt128LittleEndian(Bytes(16));

    /// <summary>A text.</summary>
    public string Text() => Encoding.UTF8.GetString(Bytes(Count()));

    /// <summary>A text that may be missing.</summary>
    public string? Optional() => Byte() == 0 ? null : Text();
}
