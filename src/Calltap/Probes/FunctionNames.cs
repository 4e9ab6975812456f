namespace Calltap.Probes;

/// <summary>The names a filter may match a function by.</summary>
/// <param name="Shown">The name shown to people: demangled where possible.</param>
/// <param name="Symbols">The symbol and its aliases as in the file; empty when it has none.</param>
public readonly record struct FunctionNames(string Shown, IReadOnlyList<string> Symbols)
{
    /// <summary>Whether they are those of a method of .NET.</summary>
    public bool IsManaged { get; init; }

    /// <summary>
    /// Whether the glob matches the shown name, the shown name without its parameters, or a symbol.
    /// </summary>
    public bool Any(Glob glob)
    {
        if (glob.IsMatch(Shown)) return true;
        int parameters = Shown.IndexOf('(', StringComparison.Ordinal);
        if (parameters > 0 && glob.IsMatch(Shown.AsSpan(0, parameters))) return true;
        foreach (string symbol in Symbols)
            if (glob.IsMatch(symbol)) return true;
        return false;
    }
}
