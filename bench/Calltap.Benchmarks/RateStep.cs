namespace Calltap.Benchmarks;

/// <summary>A call rate that was tried.</summary>
/// <param name="Threads">Threads that call.</param>
/// <param name="Work">Work between two calls, in about nanoseconds.</param>
/// <param name="CallsPerSecond">Calls of all threads together, recorded and lost.</param>
/// <param name="Calls">Calls made, as the program counts them.</param>
/// <param name="Recorded">Calls in the trace.</param>
/// <param name="Lost">Calls lost.</param>
/// <param name="EventBytes">Bytes of the file per event.</param>
sealed record RateStep(
    int Threads, long Work, double CallsPerSecond, long Calls, long Recorded, long Lost, double EventBytes)
{
    /// <summary>Recorded + lost = called.</summary>
    public bool Exact => Recorded + Lost == Calls;
}
