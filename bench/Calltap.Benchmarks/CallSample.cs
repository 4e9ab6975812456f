namespace Calltap.Benchmarks;

/// <summary>One round of a workload, armed or not.</summary>
/// <param name="Ns">Wall time of a call: the median of the bursts' medians.</param>
/// <param name="CpuNs">CPU time of the target's threads per call; what they do between the calls is in it.</param>
/// <param name="Calls">Calls made, as the program counts them.</param>
/// <param name="Seen">Calls that the trace or the counters have.</param>
/// <param name="Lost">Calls lost.</param>
sealed record CallSample(double Ns, double CpuNs, long Calls, long Seen, long Lost)
{
    /// <summary>Whether the figure counts: every call seen, none lost.</summary>
    public bool Exact => Seen == Calls && Lost == 0;
}
