using Calltap.Cli.Demo;

namespace Calltap.Benchmarks;

/// <summary>What one command of the benchmark target measured. Times are per call (per turn for rdtsc).</summary>
/// <param name="MedianTicks">Median of the batches, in TSC ticks; of several threads the mean of their medians.</param>
/// <param name="LeastTicks">The fastest batch.</param>
/// <param name="TwinMedianTicks">Median of the untraced twin's batches, made in turns with the others; 0 without a twin.</param>
/// <param name="Calls">Calls made to the traced functions, exactly.</param>
/// <param name="Batches">How many batches.</param>
/// <param name="CpuNanosecondsPerCall">CPU time of the threads per call: with more threads than CPUs it leaves waiting out.</param>
/// <param name="TscHz">Ticks per second.</param>
public sealed record BenchResult(
    double MedianTicks,
    double LeastTicks,
    double TwinMedianTicks,
    long Calls,
    long Batches,
    double CpuNanosecondsPerCall,
    long TscHz)
{
    /// <summary>The median in nanoseconds.</summary>
    public double MedianNanoseconds => MedianTicks * 1e9 / TscHz;

    /// <summary>The twin's median in nanoseconds.</summary>
    public double TwinMedianNanoseconds => TwinMedianTicks * 1e9 / TscHz;

    /// <summary>Reads the result of the last command. The target gives ticks in thousandths.</summary>
    /// <param name="control">The target's control file.</param>
    internal static BenchResult Read(ControlFile control)
    {
        var calls = control.Result(2);
        return new BenchResult(
            control.Result(0) / 1000.0,
            control.Result(4) / 1000.0,
            control.Result(1) / 1000.0,
            calls,
            control.Result(3),
            calls == 0 ? 0 : (double)control.Result(6) / calls,
            control.TscHz);
    }
}
