namespace Calltap.Probes;

/// <summary>
/// One pattern of a filter: <c>name</c>, <c>name@module</c> or <c>@module</c>, each part a <see cref="Glob"/>. The
/// module part is compared with the file name, with and without what follows its first dot (<c>@libc</c> is
/// <c>libc.so.6</c>), of .NET assemblies without the extension alone (<c>@System.Private.CoreLib</c>).
/// </summary>
public sealed record FunctionPattern
{
    FunctionPattern(Glob? name, Glob? module) => (Name, Module) = (name, module);

    /// <summary>Pattern of the function's name; null matches any.</summary>
    public Glob? Name { get; }

    /// <summary>Pattern of the module's file name; null matches any.</summary>
    public Glob? Module { get; }

    /// <summary>Parses a pattern as given on the command line.</summary>
    /// <exception cref="FormatException">It is empty.</exception>
    public static FunctionPattern Parse(string text)
    {
        // C++ names hold no '@'; symbol versions (name@@VERSION) are cut off before names get here.
        int at = text.LastIndexOf('@');
        string name = at < 0 ? text : text[..at], module = at < 0 ? "" : text[(at + 1)..];
        if (name.Length == 0 && module.Length == 0)
            throw new FormatException($"'{text}' is no function pattern: give name, name@module or @module");
        return new FunctionPattern(name.Length == 0 ? null : new Glob(name), module.Length == 0 ? null : new Glob(module));
    }

    /// <summary>Whether the function with these names in <paramref name="module"/> is meant.</summary>
    public bool IsMatch(FunctionNames function, string module) =>
        (Module is null || MatchesModule(Module, module)) && (Name is null || function.Any(Name));

    /// <summary>Whether any function of the module can match by its module part alone.</summary>
    public bool NamesModule(string module) => Module is not null && MatchesModule(Module, module);

    static bool MatchesModule(Glob glob, string module)
    {
        if (glob.IsMatch(module)) return true;
        int dot = module.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            ? module.LastIndexOf('.')
            : module.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && glob.IsMatch(module.AsSpan(0, dot));
    }
}
