using Calltap.Code;
using Calltap.Probes;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>What can be patched in a module: its functions' sites, in the order of <see cref="ModuleSymbols.Functions"/>.</summary>
public static class ModuleAnalysis
{
    /// <summary>Decodes and classifies every function of the module.</summary>
    /// <param name="symbols">The module.</param>
    /// <param name="traits">What is known of the process it is loaded in.</param>
    public static IReadOnlyList<FunctionPlan> Analyze(ModuleSymbols symbols, TargetTraits traits)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        ArgumentNullException.ThrowIfNull(traits);
        var input = new AnalysisInput(
            new ModuleImage(symbols),
            [.. symbols.Functions.Select(f => new CodeFunction(f.Address, f.Size, [.. f.Fragments.Select(Range)]))],
            [.. symbols.CodeRanges.Select(Range)],
            OtherTargets(symbols),
            [.. symbols.RseqRanges.Select(Range), .. symbols.PltRanges.Select(Range)],
            [.. symbols.Functions.Where(f => f.Name is "__fentry__" or "mcount").Select(f => f.Address)],
            traits.HandlesFaults, traits.HasShadowStack, symbols.IsGo);
        var called = symbols.CodePointers.ToHashSet();
        return [.. ModuleAnalyzer.Analyze(input).Select((plan, i) => Proven(symbols.Functions[i], plan, called))];
    }

    /// <summary>
    /// A start known from unwind data alone may be a part that is jumped to, with anything live: it is armed only where
    /// something calls it or takes its address.
    /// </summary>
    static FunctionPlan Proven(ImageFunction function, FunctionPlan plan, HashSet<ImageAddress> pointers)
    {
        bool proven = function.Name is not null || plan.IsReferenced || plan.Entry is null || pointers.Contains(function.Address);
        return proven ? plan : plan with { Entry = null, EntryRefusal = RefusalReason.NotProvenEntry };
    }

    /// <summary>The names a function is known by; without a symbol it is called <c>module+0x1234</c>.</summary>
    public static FunctionNames NamesOf(ImageFunction function, string module, IDemangler demangler)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(demangler);
        return function.Name is { } name
            ? new FunctionNames(demangler.Demangle(name), [name, .. function.Aliases])
            : new FunctionNames($"{module}+0x{function.Address.Value:x}", []);
    }

    /// <summary>
    /// What may be jumped to though no branch shows it. Code addresses held in data count unless they are functions'
    /// own starts, which a site may begin with.
    /// </summary>
    static List<ImageAddress> OtherTargets(ModuleSymbols symbols) =>
        [.. symbols.LandingPads, .. symbols.OtherCodeLabels, .. symbols.CodePointers, .. symbols.Excluded.Select(f => f.Address)];

    static CodeRange Range(ImageRange range) => new(range.Start, range.Size);
}
