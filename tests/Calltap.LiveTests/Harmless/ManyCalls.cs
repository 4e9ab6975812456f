using Calltap.LiveTests.Engine;
using Calltap.Probes;

namespace Calltap.LiveTests.Harmless;

/// <summary>The program of targets/many.c.</summary>
static class ManyCalls
{
    /// <summary>Its threads, without those that its commands make.</summary>
    public const int Threads = 2;

    public const int Recurse = 1, Call = 2, Gather = 3, Scatter = 4, PassBy = 5;

    /// <summary>Threads that a command can make.</summary>
    const int CrowdMax = 2048;

    public static SmallProgram Start() => SmallProgram.Start("many", Threads, 2 * CrowdMax);

    public static Op OpOf(OpKind kind) => new(kind, FunctionFilter.Parse(["many_*"], []), $"{kind}");

    /// <summary>The threads that the last command has made, and how often each has called.</summary>
    public static Dictionary<Tid, long> Crowd(SmallProgram program)
    {
        long[] row = program.Control.Counts(0);
        return Enumerable.Range(0, CrowdMax).Where(i => row[2 * i] != 0)
            .GroupBy(i => new Tid((int)row[2 * i])).ToDictionary(g => g.Key, g => g.Sum(i => row[2 * i + 1])); // an id may come again
    }
}
