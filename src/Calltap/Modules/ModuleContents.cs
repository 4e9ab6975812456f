using Calltap.Code;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>What is kept of a module's file once it is analysed.</summary>
public sealed class ModuleContents
{
    /// <summary>NT_GNU_BUILD_ID as lower-case hex, or null.</summary>
    public required string? BuildId { get; init; }

    /// <summary>How to get the names that are missing; null when none is.</summary>
    public required string? NamesHint { get; init; }

    /// <summary>Whether it names an interpreter: an executable without one is static, and holds its C library.</summary>
    public required bool HasInterpreter { get; init; }

    /// <summary>The dynamic linker writes into its code when it loads it.</summary>
    public required bool HasTextRelocations { get; init; }

    /// <summary>The PT_LOAD segments; of a .NET assembly the sections.</summary>
    public required IReadOnlyList<LoadSegment> LoadSegments { get; init; }

    /// <summary>The functions that may be traced, by address.</summary>
    public required IReadOnlyList<AnalyzedFunction> Functions { get; init; }

    /// <summary>What looks like a function and is kept out, with the reason.</summary>
    public required IReadOnlyList<ExcludedFunction> Excluded { get; init; }

    /// <summary>Methods that a .NET runtime has compiled, at their addresses in the target: no file holds them.</summary>
    public bool IsCompiled { get; init; }

    /// <summary>Analyses a module.</summary>
    /// <param name="symbols">The module.</param>
    /// <param name="traits">What is known of the process it is loaded in.</param>
    /// <param name="demangler">Makes names readable.</param>
    public static ModuleContents Of(ModuleSymbols symbols, TargetTraits traits, IDemangler demangler)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        ArgumentNullException.ThrowIfNull(demangler);
        IReadOnlyList<FunctionPlan> plans = ModuleAnalysis.Analyze(symbols, traits);
        var functions = new List<AnalyzedFunction>(plans.Count);
        List<ExcludedFunction> excluded = [.. symbols.Excluded];
        for (int i = 0; i < plans.Count; i++)
        {
            ImageFunction symbol = symbols.Functions[i];
            if (plans[i].EntryRefusal == RefusalReason.PartOfAnother)
                excluded.Add(new ExcludedFunction(symbol.Address, symbol.Size, symbol.Name, RefusalReason.PartOfAnother.Text()));
            else
                functions.Add(new AnalyzedFunction(symbol, symbol.Name is { } name ? demangler.Demangle(name) : null, plans[i]));
        }
        return new ModuleContents
        {
            BuildId = symbols.BuildId,
            NamesHint = symbols.NamesHint,
            HasInterpreter = symbols.HasInterpreter,
            HasTextRelocations = symbols.HasTextRelocations,
            LoadSegments = symbols.LoadSegments,
            Functions = functions,
            Excluded = excluded,
        };
    }

    /// <summary>Analyses a .NET assembly.</summary>
    /// <param name="module">The assembly.</param>
    /// <param name="offset">Where it begins in its file, which may be a program that holds it.</param>
    public static ModuleContents Of(ReadyToRunModule module, FileOffset offset = default)
    {
        ArgumentNullException.ThrowIfNull(module);
        IReadOnlyList<FunctionPlan> plans = ManagedAnalysis.Analyze(module);
        return new ModuleContents
        {
            BuildId = null,
            NamesHint = null,
            HasInterpreter = true,
            HasTextRelocations = false,
            LoadSegments = [.. module.LoadSegments.Select(s => s with { Offset = new FileOffset(s.Offset.Value + offset.Value) })],
            Functions = [.. module.Methods.Select((method, i) => new AnalyzedFunction(Symbol(method), method.Name, plans[i]))],
            Excluded = [],
        };
    }

    static ImageFunction Symbol(ReadyToRunMethod method) =>
        new(method.Address, method.Size, method.Name, method.Aliases, FunctionSource.ReadyToRun, []);
}
