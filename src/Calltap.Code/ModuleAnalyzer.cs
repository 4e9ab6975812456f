using Calltap.Code.Analysis;

namespace Calltap.Code;

/// <summary>
/// Decides which sites of a module can be patched. Pass 1 marks everything that may be branched to, in the whole module; pass 2
/// decodes again (cheaper than keeping every instruction) and classifies.
/// </summary>
public static class ModuleAnalyzer
{
    private const int Few = 2048; // are done before another thread has got a CPU, where all are busy
    private const int MaxJoins = 8; // compilers make parts of functions, hardly parts of parts

    /// <summary>One plan for each function, in the order given. Uses all CPUs where there are many.</summary>
    /// <param name="input">The module.</param>
    /// <exception cref="ArgumentException">The functions are not sorted by address.</exception>
    public static IReadOnlyList<FunctionPlan> Analyze(AnalysisInput input)
    {
        var facts = new ModuleFacts(input);
        MarkKnown(facts);
        int count = input.Functions.Count;
        List<CodePart> gaps = Gaps(facts);
        Each(facts, gaps.Count, (pass, i) => pass.VisitUnclaimed(gaps[i]));
        Mark(facts, [.. Enumerable.Range(0, count)]);
        JoinParts(facts);
        int[] unproven = facts.Starts.Unproven();
        Each(facts, unproven.Length, (pass, i) => pass.VisitUnproven(unproven[i]));

        var plans = new FunctionPlan[count];
        Each(count, () => new ClassifyPass(facts), (pass, i) => plans[i] = pass.Plan(i));
        return plans;
    }

    // What has become longer is visited again: its tables may lead into its parts, and its parts hold tables of their own.
    private static void JoinParts(ModuleFacts facts)
    {
        for (int i = 0; i < MaxJoins && facts.Starts.Settle() is { Count: > 0 } longer; i++)
        {
            facts.Layout = CodeLayout.Build(facts.Input.Functions, facts.Memory, facts.Starts.OwnerOf);
            Mark(facts, [.. longer]);
        }
    }

    // Tables come second: where one ends depends on what is called.
    private static void Mark(ModuleFacts facts, int[] functions)
    {
        Each(facts, functions.Length, (pass, i) => pass.Visit(functions[i]));
        int[] jumping = Array.FindAll(functions, function => facts.Flow[function] is { HasIndirectJump: true });
        Each(facts, jumping.Length, (pass, i) => pass.VisitTables(jumping[i]));
    }

    private static void Each(ModuleFacts facts, int count, Action<TargetPass, int> visit) => Each(count, () => new TargetPass(facts), visit);

    private static void Each<T>(int count, Func<T> begin, Action<T, int> visit)
    {
        int workers = count <= Few ? 1 : Environment.ProcessorCount;
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = workers }, begin, (i, _, pass) =>
        {
            visit(pass, i);
            return pass;
        }, static _ => { });
    }

    private static void MarkKnown(ModuleFacts facts)
    {
        foreach (CodePart part in facts.Layout.Parts)
            facts.Targets.Mark(part.Start);
        foreach (ImageAddress target in facts.Input.OtherTargets)
        {
            facts.Targets.Mark(target);
            facts.Foreign.Mark(target);
        }
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
