namespace Calltap.Symbols;

/// <summary>Everything that was found in a module's code, sorted by address.</summary>
internal sealed record FunctionLists(
    IReadOnlyList<ImageFunction> Functions,
    IReadOnlyList<ExcludedFunction> Excluded,
    IReadOnlyList<ImageRange> UnownedFragments,
    IReadOnlyList<ImageAddress> OtherCodeLabels)
{
    public static FunctionLists Build(ElfFile file, SymbolSet symbols, Fde[] fdes, CodeMap code, CodeMap plt, LandingPads.Result landingPads)
    {
        var builder = new CandidateBuilder(symbols, fdes, code);
        var candidates = builder.Build();
        var chooser = new NameChooser(symbols);
        foreach (var candidate in candidates)
            chooser.Choose(candidate);
        new ExclusionRules(file, plt, landingPads).Apply(candidates);
        new ColdParts(symbols, candidates).Join();
        return new(
            [.. candidates.Where(c => c.Reason is null && !c.IsCold).Select(ToFunction)],
            [.. candidates.Where(c => c.Reason is not null).Select(ToExcluded)],
            [.. candidates.Where(IsUnownedFragment).Select(c => c.Range)],
            Labels(candidates, builder.Labels));
    }

    private static ImageFunction ToFunction(Candidate c)
    {
        c.Fragments?.Sort((left, right) => left.Start.CompareTo(right.Start));
        return new(new(c.Address), new((long)c.Size), c.Name, c.Aliases, c.Source, c.Fragments ?? (IReadOnlyList<ImageRange>)[])
        {
            SizeIsEstimate = c.SizeIsEstimate,
        };
    }

    private static ExcludedFunction ToExcluded(Candidate c) => new(new(c.Address), new((long)c.Size), c.Name, c.Reason!);

    private static bool IsUnownedFragment(Candidate c) =>
        c.Reason is ExclusionReasons.AmbiguousCold or ExclusionReasons.OrphanCold or ExclusionReasons.FrameAtStart;

    // Whatever has a symbol or unwind entry but is no function may be jumped to.
    private static ImageAddress[] Labels(List<Candidate> candidates, List<ulong> labels)
    {
        labels.AddRange(candidates.Where(c => c.Reason is not null || c.IsCold).Select(c => c.Address));
        return AddressList.SortedDistinct(labels);
    }
}
