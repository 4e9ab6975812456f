using Calltap.Cli.Demo;

namespace Calltap.Benchmarks;

/// <summary>The program that the benchmarks trace (targets/bench.c): it times its own calls, in phases on command.</summary>
public static class BenchTarget
{
    /// <summary>How many plain functions <c>f00000</c> to <c>f49999</c> it has.</summary>
    public const int FunctionCount = 50_000;

    /// <summary>The glob that selects exactly the plain functions.</summary>
    public const string FunctionGlob = "f?????";

    /// <summary>The functions called by <see cref="BenchCommand.Leaf"/>, <see cref="BenchCommand.Fib"/> and
    /// <see cref="BenchCommand.Count"/>. Their twins are <c>twin_leaf</c> and <c>twin_fib</c>, not to be traced.</summary>
    public const string LeafFunction = "bench_leaf", FibFunction = "bench_fib", SharedFunction = "bench_shared";

    /// <summary>Returns the path of the built program.</summary>
    /// <param name="cacheDirectory">Where it is kept.</param>
    /// <param name="progress">Told the compiled and the total number of files; called from several threads.</param>
    /// <exception cref="CompilerException">No compiler, or it failed.</exception>
    public static string Build(string cacheDirectory, Action<int, int>? progress = null)
    {
        var sources = new PlainFunctions(FunctionCount, withCallees: false).Generate();
        SourceFile[] own =
        [
            SourceFile.FromResource(typeof(BenchTarget), "control.h"),
            SourceFile.FromResource(typeof(BenchTarget), "bench.c", "-O2 -fno-optimize-sibling-calls"),
        ];
        return new GeneratedProgram("bench", [.. sources, .. own]).Build(cacheDirectory, progress);
    }

    /// <summary>Runs one command in the program and reads its result.</summary>
    /// <param name="control">The program's control file.</param>
    /// <param name="command">What to run.</param>
    /// <param name="first">Batches, rounds, calls or milliseconds, as the command says.</param>
    /// <param name="second">The second argument of fib and cold.</param>
    /// <exception cref="TimeoutException">Not finished within two minutes.</exception>
    public static BenchResult Run(ControlFile control, BenchCommand command, long first, long second = 0)
    {
        ArgumentNullException.ThrowIfNull(control);
        control.Run((int)command, TimeSpan.FromMinutes(2), first, second);
        return BenchResult.Read(control);
    }
}
