namespace Calltap.Benchmarks;

/// <summary>What a cost per call is measured on.</summary>
/// <param name="Name">What to print.</param>
/// <param name="Command">The target's command.</param>
/// <param name="Threads">Threads of the target that make calls.</param>
/// <param name="First">Its first argument: so much that the events of a burst fit into each thread's ring.</param>
/// <param name="Second">Its second argument.</param>
/// <param name="Bursts">How often the command runs in a round.</param>
/// <param name="Glob">The functions it calls.</param>
/// <param name="Counts">Count the calls rather than record them.</param>
/// <param name="BarNs">The most a call may cost; 0 for none.</param>
/// <param name="BarRdtsc">The same in pairs of rdtsc; 0 for none.</param>
sealed record Workload(
    string Name, BenchCommand Command, int Threads, long First, long Second, int Bursts, string Glob, bool Counts,
    double BarNs = 0, double BarRdtsc = 0)
{
    /// <summary>Whether it is a method of .NET that is called.</summary>
    public bool IsManaged { get; init; }

    /// <summary>Whether its exit can be seen by a breakpoint that stays only.</summary>
    public bool HasBreakpoint { get; init; }

    /// <summary>All of them. A ring holds 262,144 events; fib(20) makes 21,891 calls, and cold calls 50,000 functions a round.</summary>
    public static IReadOnlyList<Workload> All =>
    [
        new("hot leaf, entry+exit", BenchCommand.Leaf, 4, 125, 0, 8, BenchTarget.LeafFunction, false, BarRdtsc: 1.75),
        new("method of .NET, entry+exit", BenchCommand.Leaf, 1, 125, 0, 8, ManagedTarget.LeafMethod, false, BarRdtsc: 2) { IsManaged = true },
        new("method of .NET, its exit a breakpoint that stays", BenchCommand.Behind, 1, 20, 0, 8, ManagedTarget.BehindMethod, false) { IsManaged = true, HasBreakpoint = true },
        new("method of .NET, count only", BenchCommand.Leaf, 1, 2000, 0, 2, ManagedTarget.LeafMethod, true) { IsManaged = true },
        new("fib(20), entry+exit", BenchCommand.Fib, 4, 5, 20, 8, BenchTarget.FibFunction, false),
        new("cold, 50,000 functions, 4 threads", BenchCommand.Cold, 4, 2, 1, 3, BenchTarget.FunctionGlob, false, BarNs: 200),
        new("hot leaf, count only", BenchCommand.Leaf, 4, 2000, 0, 2, BenchTarget.LeafFunction, true, BarNs: 3),
        new("count8, 8 threads, one function", BenchCommand.Count, 8, 1_000_000, 0, 2, BenchTarget.SharedFunction, true, BarNs: 3),
    ];
}
