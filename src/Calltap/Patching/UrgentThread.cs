using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// Lets the running thread go before all ordinary ones for the length of a window: while it waits for a CPU among the
/// target's busy threads, each of their calls is a trap; or before one, where calls are not recorded that are made meanwhile. Best effort: needs CAP_SYS_NICE or RLIMIT_RTPRIO.
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

    /// <summary>
    /// The same outside a window, where it may have to wait for an ordinary thread of this process: the collector waits for all, and so does whoever starts a
    /// thread, by giving up the CPU to its like again and again. With one CPU none of them would ever run.
    /// </summary>
    public static UrgentThread BeginBesideOthers() => Environment.ProcessorCount > 1 ? Begin() : default;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_raised != default) Scheduling.MakeOrdinary(_raised);
    }
}
