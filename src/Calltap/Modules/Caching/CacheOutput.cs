using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Calltap.Modules;

/// <summary>Writes the numbers and texts of an entry.</summary>
sealed class CacheOutput
{
    const int MaxNumber = 10; // 64 bits, seven a byte

    readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);

    /// <summary>How many bytes were written.</summary>
    public int Length => _buffer.WrittenCount;

    /// <summary>All that was written.</summary>
    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    /// <summary>Bytes as they are.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    /// <summary>Bytes that another wrote, behind their number.</summary>
    public void Append(CacheOutput other)
    {
        Number((ulong)other.Length);
        Bytes(other._buffer.WrittenSpan);
    }

    /// <summary>One byte.</summary>
    public void Byte(byte value) => _buffer.Write([value]);

    /// <summary>Seven bits a byte, the lowest first (LEB128).</summary>
    public void Number(ulong value)
    {
        Span<byte> bytes = _buffer.GetSpan(MaxNumber);
        int count = 0;
        for (; value > 0x7f; value >>= 7) bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        _buffer.Advance(count);
    }

    /// <summary>Zigzag: the sign in the lowest bit.</summary>
    public void Signed(long value) => Number((ulong)(value << 1 ^ value >> 63));

    /// <summary>All 128 bits.</summary>
    public void Wide(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(_buffer.GetSpan(16), value);
        _buffer.Advance(16);
    }

    /// <summary>The number of bytes in UTF-8, and the bytes.</summary>
    public void Text(string text)
    {
        Number((ulong)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, _buffer);
    }

    /// <summary>A text that may be missing.</summary>
    public void Optional(string? text)
    {
        Byte((byte)(text is null ? 0 : 1));
        if (text is not null) Text(text);
    }
}
