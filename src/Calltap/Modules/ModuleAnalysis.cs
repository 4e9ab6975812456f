using Calltap.Code;
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
        CodeFunction[] starts = Starts(symbols);
        var input = new AnalysisInput(
            new ModuleImage(symbols.BytesFrom),
            starts,
            [.. symbols.CodeRanges.Select(Range)],
            OtherTargets(symbols),
            [.. symbols.RseqRanges.Select(Range), .. symbols.PltRanges.Select(Range)],
            [.. symbols.Functions.Where(f => f.Name is "__fentry__" or "mcount").Select(f => f.Address)],
            traits.HandlesFaults, traits.HasShadowStack,
            [.. symbols.GoCode.Select(Range)])
        {
            PositionIndependent = symbols is { IsPositionIndependent: true, HasTextRelocations: false },
        };
        var parts = symbols.UnownedFragments.Select(part => part.Start).ToHashSet();
        return [.. ModuleAnalyzer.Analyze(input).Where(plan => !parts.Contains(starts[plan.FunctionIndex].Address))];
    }

    /// <summary>
    /// The functions, and the parts that no symbol gives to one. A start known from unwind data alone may be a part that is jumped to, with
    /// anything live.
    /// </summary>
    static CodeFunction[] Starts(ModuleSymbols symbols)
    {
        var pointers = symbols.CodePointers.ToHashSet();
        var landings = symbols.LandingPads.ToHashSet();
        IEnumerable<CodeFunction> functions = symbols.Functions.Select(f => new CodeFunction(f.Address, f.Size, [.. f.Fragments.Select(Range)])
        {
            Evidence = f.Name is not null || pointers.Contains(f.Address) ? StartEvidence.Called
                : landings.Contains(f.Address) ? StartEvidence.Part : StartEvidence.Unproven,
            IsGoRuntime = symbols.IsGo && GoPackages.IsRuntime(f.Name),
        });
        IEnumerable<CodeFunction> parts = symbols.UnownedFragments.Select(part => new CodeFunction(part.Start, part.Size, []) { Evidence = StartEvidence.Part });
        return [.. functions.Concat(parts).OrderBy(start => start.Address)];
    }

    /// <summary>
    /// What may be jumped to though no branch shows it. Code addresses held in data count unless they are functions'
    /// own starts, which a site may begin with.
    /// </summary>
    static List<ImageAddress> OtherTargets(ModuleSymbols symbols) =>
        [.. symbols.LandingPads, .. symbols.OtherCodeLabels, .. symbols.CodePointers, .. symbols.Excluded.Select(f => f.Address)];

    static CodeRange Range(ImageRange range) => new(range.Start, range.Size);
}
