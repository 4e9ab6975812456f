using System.Buffers.Binary;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>
/// The words that the loader fills with "bias + addend" (R_X86_64_RELATIVE, psABI 4.4; SHT_RELR). Linkers may leave
/// zero in the file where a relocation carries the addend.
/// </summary>
internal sealed class RelativeRelocations
{
    private readonly Dictionary<ulong, ulong> _values = [];
    private long _seen;

    private RelativeRelocations()
    {
    }

    /// <summary>Collects the words within <paramref name="section"/>.</summary>
    public static RelativeRelocations Of(ElfFile file, ElfSection section)
    {
        var result = new RelativeRelocations();
        foreach (var table in file.Sections.Where(s => s.Type == ShtRela && s.IsAllocated))
            result.AddRela(file, table, section);
        return result;
    }

    /// <summary>The word at <paramref name="address"/> before a bias is added: its addend, or what the file holds.</summary>
    public ulong Word(ulong address, ulong inFile) => _values.GetValueOrDefault(address, inFile);

    private void AddRela(ElfFile file, ElfSection table, ElfSection section)
    {
        var bytes = file.Bytes(table);
        _seen += bytes.Length / RelaSize;
        if (_seen > file.Limits.Relocations)
            throw new ElfFormatException(file.Path, (long)table.Offset, $"at most {file.Limits.Relocations} relocations");
        for (; bytes.Length >= RelaSize; bytes = bytes[RelaSize..])
        {
            var address = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            if (unchecked(address - section.Address) < section.Size && BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) == RX8664Relative)
                _values[address] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        }
    }
}
