using System.Buffers.Binary;

namespace Calltap.Symbols;

/// <summary>Pointers in the DW_EH_PE encodings of the LSB core specification ("DWARF Exception Header Encoding").</summary>
internal readonly ref struct EhPointer(ElfFile file, ulong sectionAddress, ulong dataBase)
{
    public const byte Omit = 0xFF;
    private const byte FormatMask = 0x0F;
    private const byte Indirect = 0x80;

    /// <summary>A length or offset: the format of <paramref name="encoding"/> without its base.</summary>
    public static ulong ReadValue(ref ElfCursor cursor, byte encoding) => (encoding & FormatMask) switch
    {
        0x0 or 0x4 or 0xC => cursor.U64(),
        0x1 => cursor.Uleb(),
        0x2 => cursor.U16(),
        0x3 => cursor.U32(),
        0x9 => unchecked((ulong)cursor.Sleb()),
        0xA => unchecked((ulong)(short)cursor.U16()),
        0xB => unchecked((ulong)(int)cursor.U32()),
        _ => throw cursor.Fault($"a known pointer encoding rather than 0x{encoding:x2}"),
    };

    /// <summary>The address meant; 0 stands for "none" whatever the base, as in libgcc.</summary>
    public ulong Read(ref ElfCursor cursor, byte encoding, ulong functionBase)
    {
        var here = unchecked(sectionAddress + (ulong)cursor.Position);
        var value = ReadValue(ref cursor, encoding);
        if (value == 0)
            return 0;
        var address = unchecked(value + ((encoding & 0x70) switch
        {
            0x00 => 0UL,
            0x10 => here,
            0x30 => dataBase,
            0x40 => functionBase,
            _ => throw cursor.Fault($"a known pointer base rather than encoding 0x{encoding:x2}"),
        }));
        return (encoding & Indirect) == 0 ? address : Follow(ref cursor, address);
    }

    private ulong Follow(ref ElfCursor cursor, ulong address)
    {
        var bytes = file.BytesFrom(address).Span;
        return bytes.Length >= 8
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : throw cursor.Fault($"an indirect pointer within the file rather than at 0x{address:x}");
    }
}
