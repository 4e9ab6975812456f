namespace Calltap.Symbols;

/// <summary>A place in code that may turn out to be a function, a fragment of one, or neither.</summary>
internal sealed class Candidate(ulong address)
{
    public ulong Address { get; } = address;

    public ulong Size { get; set; }

    public ulong End => unchecked(Address + Size);

    public bool SizeIsEstimate { get; set; }

    /// <summary>First of the symbols at this address in the symbol set.</summary>
    public int FirstSymbol { get; set; }

    /// <summary>How many there are, labels included; 0 when only unwind data show the place.</summary>
    public int SymbolCount { get; set; }

    /// <summary>Whether one of them is a function symbol.</summary>
    public bool HasFunctionSymbol { get; set; }

    /// <summary>The entry that starts exactly here.</summary>
    public Fde? Fde { get; set; }

    public string? Name { get; set; }

    public IReadOnlyList<string> Aliases { get; set; } = [];

    public FunctionSource Source { get; set; } = FunctionSource.EhFrame;

    /// <summary>Named as the .cold part of something.</summary>
    public bool IsCold { get; set; }

    /// <summary>Why it is not a function, or null.</summary>
    public string? Reason { get; set; }

    /// <summary>The .cold parts that belong to it.</summary>
    public List<ImageRange>? Fragments { get; set; }

    public ImageRange Range => new(new(Address), new((long)Size));
}
