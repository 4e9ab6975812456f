using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>
/// Collects the code addresses that data hold: function pointers, jump tables, label tables of interpreters. In a position-independent
/// image each is a relocation; elsewhere any word that could be one counts.
/// </summary>
internal sealed class CodePointers
{
    private const int WordSize = 8;
    private readonly ElfFile _file;
    private readonly CodeMap _code;
    private readonly List<ulong> _found = [];
    private long _relocations;

    private CodePointers(ElfFile file, CodeMap code)
    {
        _file = file;
        _code = code;
    }

    /// <summary>The addresses, ascending and without repeats.</summary>
    public static ImageAddress[] Read(ElfFile file, CodeMap code, DynamicTable dynamic)
    {
        var reader = new CodePointers(file, code);
        if (file.IsPositionIndependent)
            reader.ReadRelocations(dynamic);
        else
            reader.ReadData();
        return AddressList.SortedDistinct(reader._found);
    }

    private void ReadRelocations(DynamicTable dynamic)
    {
        if (_file.Sections.Count == 0)
        {
            foreach (var table in dynamic.Rela)
                AddRela(table.Span);
            AddRelr(MemoryMarshal.Cast<byte, ulong>(dynamic.Relr.Span));
        }

        foreach (var section in _file.Sections.Where(s => s.IsAllocated && s.Type is ShtRela or ShtRelr))
        {
            var bytes = _file.Bytes(section);
            _relocations += bytes.Length / WordSize;
            if (_relocations > 3L * _file.Limits.Relocations)
                throw new ElfFormatException(_file.Path, (long)section.Offset, $"at most {_file.Limits.Relocations} relocations");
            if (section.Type == ShtRela)
                AddRela(bytes);
            else
                AddRelr(MemoryMarshal.Cast<byte, ulong>(bytes));
        }
    }

    private void AddRela(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= RelaSize; bytes = bytes[RelaSize..])
            if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) is RX8664Relative or RX8664Irelative)
                Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
    }

    // An even entry is the address of a word; an odd one has a bit for each of the 63 words that follow the last.
    private void AddRelr(ReadOnlySpan<ulong> entries)
    {
        ulong next = 0;
        foreach (var entry in entries)
        {
            if ((entry & 1) == 0)
            {
                AddWordAt(entry);
                next = unchecked(entry + WordSize);
                continue;
            }

            for (var (bits, at) = (entry >> 1, next); bits != 0; bits >>= 1, at = unchecked(at + WordSize))
                if ((bits & 1) != 0)
                    AddWordAt(at);
            next = unchecked(next + (63 * WordSize));
        }
    }

    private void AddWordAt(ulong address)
    {
        var bytes = _file.BytesFrom(address).Span;
        if (bytes.Length >= WordSize)
            Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }

    private void ReadData()
    {
        var ranges = _code.Ranges;
        if (ranges.Count == 0)
            return;
        var (low, high) = (ranges[0].Start.Value, ranges[^1].End.Value);
        var total = 0L;
        foreach (var segment in _file.Segments.Where(s => s.Type == PtLoad && (s.Flags & PfX) == 0))
        {
            total += (long)segment.FileSize;
            if (total > 2L * _file.Image.Length)
                throw new ElfFormatException(_file.Path, (long)segment.Offset, "segments that do not share most of their bytes");
            // Compilers align pointers; a segment's address and offset agree modulo the page size.
            var bytes = _file.Slice(segment.Offset, segment.FileSize, "data");
            var skip = Math.Min(bytes.Length, (int)(unchecked(0 - segment.Address) & (WordSize - 1)));
            foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes[skip..]))
                if (word >= low && word < high)
                    Add(word);
        }
    }

    private void Add(ulong address)
    {
        if (_code.Contains(address))
            _found.Add(address);
    }
}
