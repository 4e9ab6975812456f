namespace Calltap.Benchmarks;

/// <summary>What the benchmark target can be told to do; the numbers are those of targets/bench.c.</summary>
public enum BenchCommand
{
    /// <summary>Two rdtsc per turn of the loop that <see cref="Leaf"/> is timed in. Argument: batches of 1,000 turns.</summary>
    Rdtsc = 1,

    /// <summary>One hot leaf, and its twin. Argument: batches of 1,000 calls.</summary>
    Leaf = 2,

    /// <summary>fib(n), and its twin. Arguments: batches, n.</summary>
    Fib = 3,

    /// <summary>All plain functions in random order, in every thread. Arguments: rounds; n, so that each thread walks every n-th one.</summary>
    Cold = 4,

    /// <summary>One function called by every thread. Argument: calls of each thread.</summary>
    Count = 5,

    /// <summary>As <see cref="Cold"/>, each thread its share, for a time: to arm meanwhile. Argument: milliseconds.</summary>
    Busy = 6,

    /// <summary>The leaf, with the control page's work between two calls. Arguments: milliseconds, threads.</summary>
    Rate = 7,

    /// <summary>Of the target in .NET: a method that does something with what another returns, so that no jump fits at its exit. Argument: batches of 1,000 calls.</summary>
    Behind = 8,
}
