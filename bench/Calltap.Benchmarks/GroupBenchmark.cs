namespace Calltap.Benchmarks;

/// <summary>
/// How many sites change together, and who writes the passes: the more, the faster the whole; the fewer, the fewer breakpoints a thread meets.
/// </summary>
static class GroupBenchmark
{
    static readonly bool[] s_writers = [false, true];
    static readonly int[] s_sizes = [2_000, 8_000, int.MaxValue];

    /// <summary>Measures each size with <paramref name="rounds"/> rounds of arming.</summary>
    public static IReadOnlyList<(ArmingChoice Choice, IReadOnlyList<ArmingRound> Rounds)> Run(int rounds) =>
    [
        .. from byTracer in s_writers
           from size in s_sizes
           let choice = new ArmingChoice(ByTracer: byTracer, GroupSize: size)
           select (choice, ArmingBenchmark.Run(rounds, choice)),
    ];
}
