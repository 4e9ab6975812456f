using Calltap.Native;

namespace Calltap.Target;

/// <summary>What a tracee reported.</summary>
internal enum StopKind
{
    /// <summary>Nothing within the deadline.</summary>
    None,

    /// <summary>It has ended, or exec by another thread took it away.</summary>
    Ended,

    /// <summary>Entry to or exit from a system call (PTRACE_SYSCALL with TRACESYSGOOD).</summary>
    Syscall,

    /// <summary>PTRACE_INTERRUPT, or the end of a group stop.</summary>
    Interrupted,

    /// <summary>A group stop (SIGSTOP and its like): answer with PTRACE_LISTEN.</summary>
    GroupStop,

    /// <summary>A PTRACE_EVENT other than a stop: exec, clone, fork.</summary>
    Event,

    /// <summary>A signal about to be delivered.</summary>
    Signal,
}

/// <summary>One report of a tracee, as waitid gives it.</summary>
internal readonly record struct TraceeStop(StopKind Kind, int Signal, int Event)
{
    private const int SyscallSignal = Signals.SIGTRAP | 0x80;

    internal static TraceeStop From(in siginfo_t report)
    {
        if (report.si_pid == 0)
            return default;
        if (report.si_code is Wait.CLD_EXITED or Wait.CLD_KILLED or Wait.CLD_DUMPED)
            return new TraceeStop(StopKind.Ended, report.si_status, 0);
        int signal = report.si_status & 0xff;
        int stopEvent = report.si_status >> 8 & 0xff;
        return stopEvent switch
        {
            0 when signal == SyscallSignal => new TraceeStop(StopKind.Syscall, 0, 0),
            0 => new TraceeStop(StopKind.Signal, signal, 0),
            Ptrace.PTRACE_EVENT_STOP when signal == Signals.SIGTRAP => new TraceeStop(StopKind.Interrupted, 0, stopEvent),
            Ptrace.PTRACE_EVENT_STOP => new TraceeStop(StopKind.GroupStop, signal, stopEvent),
            _ => new TraceeStop(StopKind.Event, 0, stopEvent),
        };
    }

    /// <summary>Waits for the next report of one tracee of the calling thread.</summary>
    internal static TraceeStop Next(Tid tid, Deadline deadline)
    {
        TraceeStop stop = default;
        deadline.Poll(() => (stop = Take(tid)).Kind != StopKind.None);
        return stop;
    }

    // An end is looked at, not taken: when the tracee is our own child, its status is for whoever started it.
    private static TraceeStop Take(Tid tid)
    {
        const int Look = Wait.WSTOPPED | Wait.WEXITED | Wait.WNOHANG | Wait.WNOWAIT;
        if (!Wait.One(tid, Look, out siginfo_t report).Ok)
            return new TraceeStop(StopKind.Ended, 0, 0);
        TraceeStop stop = From(report);
        if (stop.Kind is not (StopKind.None or StopKind.Ended))
            Wait.One(tid, Wait.WSTOPPED | Wait.WNOHANG, out _);
        return stop;
    }
}
