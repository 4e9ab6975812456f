using System.Buffers.Binary;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>
/// The functions in .gopclntab, which every Go program has, a stripped one too: its runtime needs it. Headers of Go 1.16, 1.18 and 1.20 (runtime.pcHeader
/// in runtime/symtab.go; debug/gosym reads the same).
/// </summary>
/// <remarks>
/// <code>
/// 0   u32 magic   fffffffa 1.16, fffffff0 1.18, fffffff1 1.20
/// 6   u8  quantum of a pc: 1; u8 size of a pointer: 8
/// 8   u64 functions, files, [text start: 1.18 on], offsets of: names, units, files, pc tables, functions
/// functions: (u32 or, in 1.16, u64: pc, offset of its record) x n, and the pc behind the last; from 1.18 on pcs count from the text start
/// record:    pc as above, i32 offset of the name
/// </code>
/// </remarks>
internal sealed class GoFunctionTable : ISymbolTable
{
    private const uint Magic116 = 0xFFFFFFFA, Magic118 = 0xFFFFFFF0, Magic120 = 0xFFFFFFF1;
    private const int HeaderSize = 8;

    private static readonly string[] s_sections = [".gopclntab", ".data.rel.ro.gopclntab"];

    private readonly ElfFile _file;
    private readonly ElfSection _section;
    private readonly ulong _textStart; // 0 before 1.18: pcs are addresses
    private readonly int _pcSize;
    private readonly int _functions;
    private readonly int _names;

    private GoFunctionTable(ElfFile file, ElfSection section)
    {
        (_file, _section) = (file, section);
        var cursor = file.Cursor(section);
        var magic = cursor.U32();
        if (magic is not (Magic116 or Magic118 or Magic120))
            throw cursor.Fault("the function table of Go 1.16 or later");
        if (cursor.U16() != 0 || cursor.U8() != 1 || cursor.U8() != sizeof(ulong))
            throw cursor.Fault("a function table for x86-64");
        _pcSize = magic == Magic116 ? sizeof(ulong) : sizeof(uint);
        var count = cursor.U64();
        cursor.U64(); // files
        if (magic != Magic116)
            _textStart = TextStart(cursor.U64());
        _names = Offset(ref cursor);
        for (var i = 0; i < 3; i++)
            Offset(ref cursor);
        _functions = Offset(ref cursor);
        var room = (ulong)(Bytes.Length - _functions) / (2ul * (ulong)_pcSize);
        if (count >= room || count > (ulong)file.Limits.Symbols) // one more pc follows
            throw cursor.Fault($"fewer than {Math.Min(room, (ulong)file.Limits.Symbols)} functions rather than {count}");
        Count = (int)count;
    }

    public FunctionSource Source => FunctionSource.GoFunctionTable;

    public int Count { get; }

    public string Path => _file.Path;

    public long StringsOffset => (long)_section.Offset + _names;

    public ReadOnlySpan<byte> Strings => Bytes[_names..];

    /// <summary>From the first function to the end of the last.</summary>
    public IReadOnlyList<ImageRange> CodeRanges => Pc(Count) > Pc(0) ? [new(new(Pc(0)), new((long)(Pc(Count) - Pc(0))))] : [];

    private ReadOnlySpan<byte> Bytes => _file.Bytes(_section);

    /// <summary>Whether the file was made by the Go toolchain, as a whole or in part.</summary>
    public static bool IsIn(ElfFile file) => file.Sections.Any(s => s.Name is ".go.buildinfo" or ".note.go.buildid" || s_sections.Contains(s.Name));

    /// <summary>The file's table; null when it has none, or one that cannot be read, of which <paramref name="rejected"/> tells.</summary>
    public static GoFunctionTable? Find(ElfFile file, out string? rejected)
    {
        rejected = null;
        if (s_sections.Select(file.FindSection).FirstOrDefault(s => s is not null) is not { } section)
            return null;
        try
        {
            return new(file, section);
        }
        catch (ElfFormatException fault)
        {
            rejected = fault.Message;
            return null;
        }
    }

    public void AddCodeSymbols(List<ElfSymbol> symbols, CodeMap code, byte tableIndex)
    {
        ulong last = 0;
        for (var i = 0; i < Count; i++)
        {
            ulong start = Pc(i), end = Pc(i + 1);
            if (start < last || end < start)
                throw new ElfFormatException(Path, (long)_section.Offset + _functions + (2L * i * _pcSize), $"functions of {_section.Name} by ascending addresses");
            last = start;
            if (end > start && code.Contains(start))
                symbols.Add(new(start, end - start, NameOffset(i), 0, SttFunc, StbGlobal, tableIndex));
        }
    }

    // Position-independent images may hold the word only in a relocation.
    private ulong TextStart(ulong inFile)
    {
        var at = _section.Address + HeaderSize + (2 * sizeof(ulong));
        var start = RelativeRelocations.Of(_file, _section).Word(at, inFile);
        return start != 0 ? start : throw new ElfFormatException(Path, (long)_section.Offset, $"the start of the text in {_section.Name}");
    }

    private static int Offset(ref ElfCursor cursor)
    {
        var offset = cursor.U64();
        return offset <= (ulong)(cursor.Position + cursor.Remaining) ? (int)offset : throw cursor.Fault($"an offset within the table rather than {offset}");
    }

    private ulong Pc(int index) => unchecked(_textStart + Word(_functions + (2 * index * _pcSize)));

    private uint NameOffset(int index)
    {
        var record = Word(_functions + (((2 * index) + 1) * _pcSize));
        var rest = (ulong)(Bytes.Length - _functions);
        if (record > rest || rest - record < (ulong)_pcSize + sizeof(uint))
            throw new ElfFormatException(Path, (long)_section.Offset + _functions, $"a function's record within {_section.Name}");
        return BinaryPrimitives.ReadUInt32LittleEndian(Bytes[(_functions + (int)record + _pcSize)..]);
    }

    private ulong Word(int at) => _pcSize == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(Bytes[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(Bytes[at..]);
}
