using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Seizes the target's threads, and the processes that share its memory. For the guard's thread, before the first
/// breakpoint.
/// </summary>
sealed class ThreadSeizer(WindowContext window, GuardedThreads threads, Tid tracer)
{
    const int SeizeOptions = Ptrace.PTRACE_O_TRACECLONE | Ptrace.PTRACE_O_TRACEFORK | Ptrace.PTRACE_O_TRACEVFORK | Ptrace.PTRACE_O_TRACEEXEC;

    /// <summary>Whether a listing showed a thread that was not seized before; those that report themselves do not count.</summary>
    public bool SeizeListed()
    {
        bool any = false;
        IReadOnlyList<Tid> listed = window.Target.ReadThreads();
        foreach (Tid tid in listed) any |= Seize(tid, window.Target.Pid);
        foreach (Tid tid in listed) any |= SeizeSharers(tid);
        return any;
    }

    bool Seize(Tid tid, Pid process)
    {
        if (tid == window.HelperThread || tid == window.HeldThread || threads.Find(tid) >= 0) return false;
        SysResult seized = Ptrace.Seize(tid, SeizeOptions);
        if (seized.Errno == Errno.ESRCH) return false;
        ProcStatus? status = window.Target.ReadStatus(tid);
        if (!seized.Ok)
        {
            if (status is null or { IsDead: true }) return false; // a leader that has exited gives EPERM
            // Attached to by the kernel when its maker was: it reports itself. (The kernel names the tracing thread.)
            if (status.TracerPid.Value == tracer.Value) return false;
            seized.OrThrow($"ptrace(PTRACE_SEIZE, {tid})");
        }
        ref GuardedThread thread = ref threads.Add(tid);
        thread.Process = process;
        thread.Known = true;
        thread.BlocksTrap = status is not null && (status.BlockedSignals & Signals.Bit(Signals.SIGTRAP)) != 0;
        return true;
    }

    /// <summary>vfork children on their way to exec, and other processes made with CLONE_VM: no threads, the same text.</summary>
    bool SeizeSharers(Tid parent)
    {
        bool any = false;
        Tid own = threads.AnyOf(window.Target.Pid);
        foreach (Tid child in ProcFiles.Children(window.Target.Pid, parent))
        {
            if (SystemCall.SharesMemory(own, child) is not { Ok: true, Value: true }) continue;
            any |= Seize(child, new Pid(child.Value));
            if (threads.Find(parent) is >= 0 and int index) threads[index].VforkChild = child;
        }
        return any;
    }
}
