using System.Text;

namespace Calltap.Symbols;

/// <summary>The symbols of all tables that stand in code, by address, with their names read when first asked for.</summary>
internal sealed class SymbolSet
{
    private readonly ISymbolTable[] _tables;
    private readonly ElfSymbol[] _symbols;
    private readonly string?[] _names;
    private readonly ElfLimits _limits;
    private long _nameBytes;

    private SymbolSet(ISymbolTable[] tables, ElfSymbol[] symbols, ElfLimits limits)
    {
        _tables = tables;
        _symbols = symbols;
        _names = new string?[symbols.Length];
        _limits = limits;
    }

    public int Count => _symbols.Length;

    public ref readonly ElfSymbol this[int index] => ref _symbols[index];

    public static SymbolSet Read(ISymbolTable[] tables, CodeMap code, ElfLimits limits)
    {
        var list = new List<ElfSymbol>(tables.Sum(t => t.Count) / 2);
        for (var i = 0; i < tables.Length; i++)
            tables[i].AddCodeSymbols(list, code, (byte)i);
        var symbols = list.ToArray();
        Array.Sort(symbols.Select(s => s.Address).ToArray(), symbols);
        return new(tables, symbols, limits);
    }

    public FunctionSource SourceOf(int index) => _tables[_symbols[index].Table].Source;

    /// <summary>The name without its version (name@VERSION, name@@VERSION); empty when it has none.</summary>
    /// <exception cref="ElfFormatException">It is not in the string table, or is too long.</exception>
    public string NameOf(int index) => _names[index] ??= ReadName(index);

    private string ReadName(int index)
    {
        var bytes = NameBytes(_symbols[index]);
        // An exported function is in .symtab and .dynsym: one string serves both.
        if (index > 0 && _symbols[index - 1].Address == _symbols[index].Address && _names[index - 1] is { } neighbour
            && bytes.SequenceEqual(NameBytes(_symbols[index - 1])))
            return neighbour;
        var version = bytes.IndexOf((byte)'@');
        var name = Encoding.UTF8.GetString(version > 0 ? bytes[..version] : bytes);
        // Names end up on terminals, and a file may be hostile.
        return name.Any(char.IsControl) ? string.Concat(name.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : name;
    }

    private ReadOnlySpan<byte> NameBytes(in ElfSymbol symbol)
    {
        var table = _tables[symbol.Table];
        var strings = table.Strings;
        if (symbol.NameOffset >= (uint)strings.Length)
            throw Fault(table, symbol, $"a symbol name below {strings.Length}");
        var rest = strings[(int)symbol.NameOffset..];
        var end = rest[..Math.Min(rest.Length, _limits.NameBytes)].IndexOf((byte)0);
        if (end < 0)
            throw Fault(table, symbol, $"a zero-terminated symbol name of at most {_limits.NameBytes} bytes");
        _nameBytes += end;
        if (_nameBytes > _limits.TotalNameBytes)
            throw Fault(table, symbol, $"at most {_limits.TotalNameBytes} bytes of names");
        return rest[..end];
    }

    private static ElfFormatException Fault(ISymbolTable table, in ElfSymbol symbol, string expectation) =>
        new(table.Path, table.StringsOffset + symbol.NameOffset, expectation);
}
