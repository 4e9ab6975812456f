using Calltap.Native;

namespace Calltap.Target;

/// <summary>The way of a launched command from the stopped shell to where it is held. On the ptrace thread only, which spawned it.</summary>
internal sealed class LaunchSteps(Pid pid, string path)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private readonly Tid _tid = new(pid.Value);
    private readonly Deadline _deadline = Deadline.In(s_timeout);

    internal void SeizeStoppedShell()
    {
        siginfo_t report = default;
        bool changed = _deadline.Poll(() =>
            Wait.One(_tid, Wait.WSTOPPED | Wait.WEXITED | Wait.WNOHANG, out report).Ok && report.si_pid != 0);
        if (!changed || report.si_code != Wait.CLD_STOPPED)
            throw Failed("the shell did not start it");
        SysResult seized = Ptrace.Seize(_tid, Ptrace.PTRACE_O_TRACEEXEC | Ptrace.PTRACE_O_TRACESYSGOOD);
        if (seized.Errno == Errno.EPERM)
            throw AttachChecks.NotPermitted(pid, ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Process(pid, "status")) ?? ""));
        seized.OrThrow($"PTRACE_SEIZE({pid})");
        Next(); // The group stop it is in, now a ptrace stop.
    }

    internal void RunToExec()
    {
        Signals.Kill(pid, Signals.SIGCONT).OrThrow($"kill({pid}, SIGCONT)");
        Resume(default);
        for (TraceeStop stop = Next(); stop.Kind != StopKind.Event || stop.Event != Ptrace.PTRACE_EVENT_EXEC; stop = Next())
            Resume(stop);
    }

    internal void RunToEntry(PtraceThread thread)
    {
        using EntryGate gate = Place(thread);
        for (TraceeStop stop = default; !gate.IsHeld;)
        {
            Resume(stop, bySystemCalls: true);
            stop = Next();
            if (stop.Kind == StopKind.Syscall)
                gate.Answer()?.Invoke();
        }
    }

    private EntryGate Place(PtraceThread thread)
    {
        try
        {
            return EntryGate.Place(thread, pid, _deadline);
        }
        catch (AttachException e) when (e.Reason == AttachRefusal.Unsupported)
        {
            throw Failed(e.Message);
        }
    }

    private TraceeStop Next()
    {
        TraceeStop stop = TraceeStop.Next(_tid, _deadline);
        return stop.Kind switch
        {
            StopKind.Ended => throw Failed("it ended before its first own instruction"),
            StopKind.None => throw Failed($"it did not reach its first own instruction within {s_timeout.TotalSeconds} s"),
            _ => stop,
        };
    }

    private void Resume(TraceeStop stop, bool bySystemCalls = false)
    {
        SysResult resumed = stop.Kind == StopKind.GroupStop ? Ptrace.Listen(_tid)
            : bySystemCalls ? Ptrace.Syscall(_tid, stop.Signal)
            : Ptrace.Cont(_tid, stop.Signal);
        if (!resumed.Ok && resumed.Errno != Errno.ESRCH) // ESRCH: killed meanwhile; the next wait tells.
            resumed.OrThrow($"PTRACE_CONT({pid})");
    }

    private AttachException Failed(string what) => AttachChecks.Refuse(AttachRefusal.CannotRun, $"cannot run '{path}': {what}");
}
