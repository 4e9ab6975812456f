using System.Buffers.Binary;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>What the dynamic linker is told (PT_DYNAMIC; gABI chapter 5): the image's own account of its relocations, also where section headers are missing.</summary>
internal sealed class DynamicTable
{
    private const int EntrySize = 16;
    private const int MaxEntries = 4096;

    private readonly ElfFile _file;
    private readonly Dictionary<ulong, ulong> _values = [];

    private DynamicTable(ElfFile file) => _file = file;

    /// <summary>Whether code itself is relocated: numbers in it may become addresses.</summary>
    public bool HasTextRelocations => _values.ContainsKey(DtTextrel) || (_values.GetValueOrDefault(DtFlags) & DfTextrel) != 0;

    /// <summary>The tables of relocations with addends.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Rela => [Range(DtRela, DtRelaSize), Range(DtJmprel, DtPltrelSize)];

    /// <summary>The packed table of relative relocations.</summary>
    public ReadOnlyMemory<byte> Relr => Range(DtRelr, DtRelrSize);

    /// <summary>Reads the table; empty where the image has none.</summary>
    public static DynamicTable Read(ElfFile file)
    {
        var table = new DynamicTable(file);
        foreach (var segment in file.Segments.Where(s => s.Type == PtDynamic))
        {
            var bytes = file.BytesFrom(segment.Address).Span;
            for (var i = 0; i < MaxEntries && bytes.Length >= EntrySize; i++, bytes = bytes[EntrySize..])
            {
                var tag = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
                if (tag == 0)
                    break;
                table._values[tag] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            }
        }

        return table;
    }

    private ReadOnlyMemory<byte> Range(ulong addressTag, ulong sizeTag)
    {
        if (!_values.TryGetValue(addressTag, out var address) || !_values.TryGetValue(sizeTag, out var size))
            return default;
        var bytes = _file.BytesFrom(address);
        return bytes[..(int)Math.Min(size, (ulong)bytes.Length)];
    }
}
