using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Seizes the target's threads, and the processes that share its memory. For the guard's thread, before the first
/// breakpoint.
/// </summary>
sealed class ThreadSeizer(WindowContext window, GuardedThreads threads, Seizing seizing, Tid tracer)
{
    const int SeizeOptions = Ptrace.PTRACE_O_TRACECLONE | Ptrace.PTRACE_O_TRACEFORK | Ptrace.PTRACE_O_TRACEVFORK | Ptrace.PTRACE_O_TRACEEXEC;

    static readonly TimeSpan s_ending = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether a listing showed a thread that was not seized before; those that report themselves do not count.</summary>
    public bool SeizeListed()
    {
        bool any = false;
        if (seizing.ReapedSome()) threads.MarkGone(); // by a reaper that came after the request
        IReadOnlyList<Tid> listed = window.Target.ReadThreads();
        // The leader last, which the kernel then detaches first: as long as it is traced, signals that the program ignores are queued, and wake
        // some thread (sig_ignored in kernel/signal.c).
        var leader = new Tid(window.Target.Pid.Value);
        foreach (Tid tid in listed)
            if (tid != leader) any |= Seize(tid, window.Target.Pid);
        any |= Seize(leader, window.Target.Pid);
        foreach (Tid tid in listed) any |= SeizeSharers(tid);
        return any;
    }

    bool Seize(Tid tid, Pid process)
    {
        if (tid == window.HelperThread || tid == window.HeldThread || threads.Find(tid) >= 0) return false;
        SysResult seized = seizing.Seize(process, tid, SeizeOptions);
        if (seizing.ReapedSome()) threads.MarkGone();
        if (seized.Errno == Errno.ESRCH) return false;
        ProcStatus? status = window.Target.ReadStatus(tid);
        if (!seized.Ok)
        {
            // A leader that has exited gives EPERM, and a thread that is ending, which shows a little later. One that the kernel attached when its
            // maker was reports itself. (The kernel names the tracing thread.)
            if (Deadline.In(s_ending).Poll(() => (status = window.Target.ReadStatus(tid)) is null or { IsDead: true } || status.TracerPid.Value == tracer.Value))
                return false;
            if (window.Target.IsGone) throw AttachChecks.Ended(window.Target.Pid);
            if (seized.Errno == Errno.EPERM && status is not null) // a tracer that has come since the helper was made
                throw AttachChecks.NotSeized(window.Target.Pid, tid, status) ?? AttachChecks.TracedForAMoment(window.Target.Pid, window.Target.Name);
            seized.OrThrow($"ptrace(PTRACE_SEIZE, {tid})");
        }
        ref GuardedThread thread = ref threads.Add(tid);
        thread.Process = process;
        thread.Known = true;
        thread.SawMask(status?.BlockedSignals ?? 0);
        return true;
    }

    /// <summary>vfork children on their way to exec, and other processes made with CLONE_VM: no threads, the same text.</summary>
    bool SeizeSharers(Tid parent)
    {
        bool any = false;
        foreach (Tid child in window.Target.ReadSharers(parent))
        {
            any |= Seize(child, new Pid(child.Value));
            if (threads.Find(parent) is >= 0 and int index) threads[index].VforkChild = child;
        }
        return any;
    }
}
