namespace Calltap.Benchmarks;

/// <summary>What tracing a call costs: over rounds, each with the workload once off and once armed.</summary>
/// <param name="Work">The workload.</param>
/// <param name="Off">The rounds' samples without tracing.</param>
/// <param name="On">The same armed.</param>
/// <param name="RdtscPairNs">Two rdtsc, the median of the same rounds.</param>
sealed record CallCost(Workload Work, IReadOnlyList<CallSample> Off, IReadOnlyList<CallSample> On, double RdtscPairNs)
{
    /// <summary>Wall time, nanoseconds per call.</summary>
    public double Ns => Medians.Of(Differences(s => s.Ns));

    /// <summary>The best and the worst round.</summary>
    public (double Least, double Most) Range => (Differences(s => s.Ns).Min(), Differences(s => s.Ns).Max());

    /// <summary>CPU time, nanoseconds per call.</summary>
    public double CpuNs => Medians.Of(Differences(s => s.CpuNs));

    /// <summary>In pairs of rdtsc.</summary>
    public double Ratio => Ns / RdtscPairNs;

    /// <summary>Whether every armed round has exact counts and no loss.</summary>
    public bool Exact => On.All(sample => sample.Exact);

    /// <summary>Whether it is within its bar; null when it has none.</summary>
    public bool? Passes => Work switch
    {
        { BarNs: > 0 } => Exact && Ns <= Work.BarNs,
        { BarRdtsc: > 0 } => Exact && Ratio <= Work.BarRdtsc,
        _ => null,
    };

    IEnumerable<double> Differences(Func<CallSample, double> value) => On.Zip(Off, (on, off) => value(on) - value(off));
}
