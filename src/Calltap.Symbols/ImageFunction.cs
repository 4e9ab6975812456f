namespace Calltap.Symbols;

/// <summary>A function that may be traced: a range of code that is entered by a call (or a tail jump) at its first byte.</summary>
/// <param name="Address">Its first byte.</param>
/// <param name="Size">Length of its main range in bytes, never reaching into the next function or out of its section.</param>
/// <param name="Name">The preferred name, mangled, without a symbol version; null when only unwind data show the function.</param>
/// <param name="Aliases">The other names at the same address, best first, without repeats.</param>
/// <param name="Source">Where the start is known from.</param>
/// <param name="Fragments">Further ranges that belong to the function (its .cold parts), by address.</param>
public sealed record ImageFunction(
    ImageAddress Address,
    ByteSize Size,
    string? Name,
    IReadOnlyList<string> Aliases,
    FunctionSource Source,
    IReadOnlyList<ImageRange> Fragments)
{
    /// <summary>
    /// True when neither the symbol nor an FDE gives the size, so that <see cref="Size"/> only says where the next known start is:
    /// the end of the range may be padding or data.
    /// </summary>
    public bool SizeIsEstimate { get; init; }

    /// <summary>How .NET's just-in-time compiler made it, as the runtime calls that: <c>QuickJitted</c>, <c>OptimizedTier1</c>; null when it did not, or does not say.</summary>
    public string? Tier { get; init; }

    /// <summary>Whether its code is freed when nobody can call it any more, and the memory used again: a dynamic method's.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Whether it is a method of .NET.</summary>
    public bool IsManaged => Source is FunctionSource.ReadyToRun or FunctionSource.Compiled;

    /// <summary>The main range.</summary>
    public ImageRange Range => new(Address, Size);
}
