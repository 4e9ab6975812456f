namespace Calltap.Trace;

/// <summary>Differences of times that may be out of order by a little (nested handlers) or by anything (hostile rings).</summary>
static class CallTime
{
    /// <summary>Ticks from <paramref name="start"/> to <paramref name="end"/>; 0 when that is before.</summary>
    public static ulong Between(ulong start, ulong end) => end > start ? end - start : 0;
}
