using System.Buffers.Binary;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>One .symtab or .dynsym with its string table (gABI chapter 4, "Symbol Table").</summary>
internal sealed class SymbolTable : ISymbolTable
{
    private readonly ElfFile _file;
    private readonly ElfSection _symbols;
    private readonly ElfSection _strings;

    private SymbolTable(ElfFile file, ElfSection symbols, ElfSection strings, FunctionSource source)
    {
        _file = file;
        _symbols = symbols;
        _strings = strings;
        Source = source;
    }

    public FunctionSource Source { get; }

    public int Count => _file.Bytes(_symbols).Length / SymSize;

    public string Path => _file.Path;

    public long StringsOffset => (long)_strings.Offset;

    public ReadOnlySpan<byte> Strings => _file.Bytes(_strings);

    /// <summary>The first table of that type, or null when the file has none (or only its header, as debug files do for .dynsym).</summary>
    public static SymbolTable? Find(ElfFile file, uint sectionType, FunctionSource source)
    {
        if (file.FindSection(sectionType) is not { Size: > SymSize } symbols)
            return null;
        if (symbols.Link >= file.Sections.Count)
            throw new ElfFormatException(file.Path, ElfFile.Clamp(symbols.Offset), $"{symbols.Name} to be linked to its strings");
        return new(file, symbols, file.Sections[(int)symbols.Link], source);
    }

    public void AddCodeSymbols(List<ElfSymbol> symbols, CodeMap code, byte tableIndex)
    {
        var bytes = _file.Bytes(_symbols);
        if (Count > _file.Limits.Symbols)
            throw new ElfFormatException(_file.Path, (long)_symbols.Offset, $"at most {_file.Limits.Symbols} symbols");
        var scope = 0;
        for (; bytes.Length >= SymSize; bytes = bytes[SymSize..])
        {
            var type = (byte)(bytes[4] & 0xF);
            if (type == SttFile)
                scope++;
            if (type is SttFile or SttSection or SttTls || BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) == ShnUndef)
                continue;
            var address = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            if (!code.Contains(address))
                continue;
            var size = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
            symbols.Add(new(address, size, BinaryPrimitives.ReadUInt32LittleEndian(bytes), scope, type, (byte)(bytes[4] >> 4), tableIndex));
        }
    }
}
