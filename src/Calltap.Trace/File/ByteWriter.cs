using System.Buffers.Binary;
using System.Text;

namespace Calltap.Trace;

/// <summary>A growing buffer for records.</summary>
sealed class ByteWriter
{
    byte[] _buffer = new byte[4096];
    int _length;

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Number of bytes written.</summary>
    public int Length => _length;

    /// <summary>Starts afresh in the same buffer.</summary>
    public void Clear() => _length = 0;

    /// <summary>An unsigned number as a varint.</summary>
    public void Number(ulong value)
    {
        Room(Varint.MaxBytes);
        Varint.Write(_buffer, ref _length, value);
    }

    /// <summary>A 32-bit word.</summary>
    public void Word32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), value);

    /// <summary>A 64-bit word.</summary>
    public void Word64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    /// <summary>UTF-8 bytes behind their number; cut at <see cref="TraceLimits.MaxStringBytes"/>.</summary>
    public void Text(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        ReadOnlySpan<byte> kept = bytes.AsSpan(0, Math.Min(bytes.Length, TraceLimits.MaxStringBytes));
        Number((ulong)kept.Length);
        Bytes(kept);
    }

    /// <summary>Bytes as they are.</summary>
    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>Space for <paramref name="count"/> bytes that the caller fills.</summary>
    public Span<byte> Take(int count)
    {
        Room(count);
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }

    /// <summary>Gives back the last <paramref name="count"/> bytes.</summary>
    public void Drop(int count) => _length -= count;

    /// <summary>Writes a number as a varint in place of the byte at <paramref name="at"/>; what is behind moves where it is longer.</summary>
    public void Replace(int at, ulong value)
    {
        Span<byte> varint = stackalloc byte[Varint.MaxBytes];
        int length = 0;
        Varint.Write(varint, ref length, value);
        if (length > 1)
        {
            Take(length - 1);
            _buffer.AsSpan(at + 1, _length - length - at).CopyTo(_buffer.AsSpan(at + length));
        }

        varint[..length].CopyTo(_buffer.AsSpan(at));
    }

    void Room(int count)
    {
        if (_buffer.Length - _length < count)
            Array.Resize(ref _buffer, Math.Max(_length + count, _buffer.Length * 2));
    }
}
