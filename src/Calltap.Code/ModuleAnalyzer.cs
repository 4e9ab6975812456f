using Calltap.Code.Analysis;

namespace Calltap.Code;

/// <summary>
/// Decides which sites of a module can be patched. Pass 1 marks everything that may be branched to, in the whole module; pass 2
/// decodes again (cheaper than keeping every instruction) and classifies.
/// </summary>
public static class ModuleAnalyzer
{
    /// <summary>One plan for each function, in the order given. Uses all CPUs.</summary>
    /// <param name="input">The module.</param>
    /// <exception cref="ArgumentException">The functions are not sorted by address.</exception>
    public static IReadOnlyList<FunctionPlan> Analyze(AnalysisInput input)
    {
        var facts = new ModuleFacts(input);
        MarkKnown(facts);
        int count = input.Functions.Count;
        Parallel.For(0, count, () => new TargetPass(facts), static (i, _, pass) => Run(pass, i), static _ => { });
        List<CodePart> gaps = Gaps(facts);
        Parallel.For(0, gaps.Count, () => new TargetPass(facts), (i, _, pass) => Run(pass, gaps[i]), static _ => { });

        var plans = new FunctionPlan[count];
        Parallel.For(0, count, () => new ClassifyPass(facts), (i, _, pass) => Run(pass, i, plans), static _ => { });
        return plans;
    }

    private static TargetPass Run(TargetPass pass, int function)
    {
        pass.Visit(function);
        return pass;
    }

    private static TargetPass Run(TargetPass pass, CodePart gap)
    {
        pass.VisitUnclaimed(gap);
        return pass;
    }

    private static ClassifyPass Run(ClassifyPass pass, int function, FunctionPlan[] plans)
    {
        plans[function] = pass.Plan(function);
        return pass;
    }

    private static void MarkKnown(ModuleFacts facts)
    {
        foreach (CodePart part in facts.Layout.Parts)
            facts.Targets.Mark(part.Start);
        foreach (ImageAddress target in facts.Input.OtherTargets)
            facts.Targets.Mark(target);
    }

    private static List<CodePart> Gaps(ModuleFacts facts)
    {
        var gaps = new List<CodePart>();
        ReadOnlySpan<CodePart> parts = facts.Layout.Parts;
        int next = 0;
        foreach (CodeBytes section in facts.Memory.Sections)
        {
            ImageAddress free = section.Start;
            for (; next < parts.Length && parts[next].Start < section.End; next++)
            {
                AddGap(gaps, free, parts[next].Start, section);
                free = parts[next].End;
            }

            AddGap(gaps, free, section.End, section);
        }

        return gaps;
    }

    private static void AddGap(List<CodePart> gaps, ImageAddress start, ImageAddress end, CodeBytes section)
    {
        // Most gaps are alignment: told apart without the decoder, which would spend more on being set up than on decoding.
        if (end > start && Padding.Measure(section.Slice(start, end)) < end - start)
            gaps.Add(new(-1, start, end, end, false));
    }
}
