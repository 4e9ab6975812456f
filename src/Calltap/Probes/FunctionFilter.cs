namespace Calltap.Probes;

/// <summary>Which functions an op wants: those some filter pattern matches (none given: all), less the notrace ones.</summary>
/// <param name="Filter">Patterns to include; empty includes all.</param>
/// <param name="Notrace">Patterns to exclude; they win.</param>
public sealed record FunctionFilter(IReadOnlyList<FunctionPattern> Filter, IReadOnlyList<FunctionPattern> Notrace)
{
    /// <summary>Wants every function in scope.</summary>
    public static FunctionFilter All { get; } = new([], []);

    /// <summary>Functions of which world; the patterns choose among them.</summary>
    public FunctionWorld World { get; init; }

    /// <summary>
    /// Whether the user says that the process unloads no assemblies: then a .NET runtime that can't be asked whether it does is asked for what it has compiled all the same.
    /// </summary>
    public bool UnloadsNothing { get; init; }

    /// <summary>Whether a breakpoint may stay at each exit that no jump fits at: a trap a call.</summary>
    public bool AllowsBreakpoints { get; init; }

    /// <summary>Parses the patterns of a command line.</summary>
    /// <exception cref="FormatException">A pattern is empty.</exception>
    public static FunctionFilter Parse(IEnumerable<string> filter, IEnumerable<string> notrace) =>
        new([.. filter.Select(FunctionPattern.Parse)], [.. notrace.Select(FunctionPattern.Parse)]);

    /// <summary>Whether the op wants this function.</summary>
    public bool Wants(FunctionNames names, string module)
    {
        if (World != FunctionWorld.Both && names.IsManaged != (World == FunctionWorld.Managed)) return false;
        foreach (FunctionPattern pattern in Notrace)
            if (pattern.IsMatch(names, module)) return false;
        if (Filter.Count == 0) return true;
        foreach (FunctionPattern pattern in Filter)
            if (pattern.IsMatch(names, module)) return true;
        return false;
    }

    /// <summary>Whether some pattern asks for modules by their name: one may come later.</summary>
    public bool HasModulePatterns => Filter.Any(pattern => pattern.Module is not null);

    /// <summary>Whether a pattern asks for this module by its name (<c>@module</c>): that brings it into scope.</summary>
    public bool NamesModule(string module)
    {
        foreach (FunctionPattern pattern in Filter)
            if (pattern.NamesModule(module)) return true;
        return false;
    }
}
