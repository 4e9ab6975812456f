using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Calltap.Symbols;

/// <summary>Reads numbers and texts of a nettrace stream one after the other; every one that is not wholly there throws.</summary>
/// <param name="name">What the stream is called in errors.</param>
/// <param name="bytes">What is read.</param>
/// <param name="offset">Where that is in the stream.</param>
internal sealed class NettraceCursor(string name, ReadOnlyMemory<byte> bytes, long offset)
{
    private const int BitsOfByte = 7;

    private int _at;

    /// <summary>Where it is in the stream.</summary>
    public long Offset => offset + _at;

    public bool IsAtEnd => _at == bytes.Length;

    /// <summary>What was not read yet.</summary>
    public ReadOnlyMemory<byte> Rest => bytes[_at..];

    /// <exception cref="ElfFormatException">As do all of them: too little is left.</exception>
    public ReadOnlyMemory<byte> Take(long size)
    {
        if (size < 0 || size > bytes.Length - _at)
            throw Fault($"{size} bytes more");
        var taken = bytes.Slice(_at, (int)size);
        _at += (int)size;
        return taken;
    }

    /// <summary>The next bytes by themselves.</summary>
    public NettraceCursor Part(long size)
    {
        var start = Offset;
        return new(name, Take(size), start);
    }

    public void Skip(long size) => Take(size);

    public byte Byte() => Take(sizeof(byte)).Span[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)).Span);

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)).Span);

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)).Span);

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)).Span);

    /// <summary>A number of 7 bits in each byte, the lowest first; the last byte has its high bit clear.</summary>
    /// <param name="bits">32 or 64.</param>
    public ulong Variable(int bits)
    {
        ulong value = 0;
        for (var shift = 0; shift < bits; shift += BitsOfByte)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
                return value;
        }

        throw Fault($"a number of at most {bits} bits");
    }

    /// <summary>UTF-16 up to a 0.</summary>
    public string Text()
    {
        var units = MemoryMarshal.Cast<byte, char>(bytes.Span[_at..]);
        var end = units.IndexOf('\0');
        if (end < 0)
            throw Fault("a text that ends");
        _at += (end + 1) * sizeof(char);
        return units[..end].ToString();
    }

    public ElfFormatException Fault(string expectation) => new(name, Offset, expectation);
}
