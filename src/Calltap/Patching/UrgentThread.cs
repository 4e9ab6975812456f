using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// Lets the running thread go before all ordinary ones for the length of a window: while it waits for a CPU among the
/// target's busy threads, each of their calls is a trap. Best effort: needs CAP_SYS_NICE or RLIMIT_RTPRIO.
/// </summary>
readonly struct UrgentThread : IDisposable
{
    readonly Tid _raised;

    UrgentThread(Tid raised) => _raised = raised;

    /// <summary>Raises the running thread, until disposed on it.</summary>
    public static UrgentThread Begin()
    {
        Tid here = SystemCall.CurrentThread();
        return Scheduling.IsOrdinary(here) && Scheduling.MakeRealTime(here).Ok ? new UrgentThread(here) : default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_raised != default) Scheduling.MakeOrdinary(_raised);
    }
}
