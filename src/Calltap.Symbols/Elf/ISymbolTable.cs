namespace Calltap.Symbols;

/// <summary>A table of a file that gives addresses in code names.</summary>
internal interface ISymbolTable
{
    /// <summary>What kind it is.</summary>
    FunctionSource Source { get; }

    /// <summary>Entries, of any type.</summary>
    int Count { get; }

    /// <summary>The file it is in, for messages.</summary>
    string Path { get; }

    /// <summary>Where in the file its strings are.</summary>
    long StringsOffset { get; }

    /// <summary>Zero-terminated names, which the symbols name by their offset.</summary>
    ReadOnlySpan<byte> Strings { get; }

    /// <summary>Appends the symbols that stand in <paramref name="code"/>: functions, labels, and data within code.</summary>
    /// <exception cref="ElfFormatException">The table is damaged, or larger than the limits allow.</exception>
    void AddCodeSymbols(List<ElfSymbol> symbols, CodeMap code, byte tableIndex);
}
