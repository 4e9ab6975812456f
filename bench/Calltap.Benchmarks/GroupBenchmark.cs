namespace Calltap.Benchmarks;

/// <summary>How many sites change together: the more, the faster the whole; the fewer, the fewer breakpoints a thread meets.</summary>
static class GroupBenchmark
{
    static readonly int[] s_sizes = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, int.MaxValue];

    /// <summary>Measures each size with <paramref name="rounds"/> rounds of arming.</summary>
    public static IReadOnlyList<(int Size, IReadOnlyList<ArmingRound> Rounds)> Run(int rounds) =>
        [.. s_sizes.Select(size => (size, ArmingBenchmark.Run(rounds, new ArmingChoice(GroupSize: size))))];
}
