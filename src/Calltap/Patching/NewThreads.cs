using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Keeps the table of guarded threads right as threads and processes are made (PTRACE_EVENT_CLONE, FORK, VFORK): the window waits for each that is
/// announced, or it would run on among breakpoints with nobody to answer. For the guard's thread.
/// </summary>
sealed class NewThreads(WindowContext window, GuardedThreads threads)
{
    /// <summary>The processes that were forked.</summary>
    public ForkChildren ForkChildren { get; } = new();

    /// <summary>A stopped thread has made another thread or a process, which will report itself, or has.</summary>
    public void Announce(Tid parent, int stopEvent)
    {
        if (!Ptrace.GetEventMsg(parent, out ulong made).Ok) return;
        var child = new Tid((int)made);
        int index = threads.Find(parent);
        if (index >= 0 && stopEvent == Ptrace.PTRACE_EVENT_VFORK) threads[index].VforkChild = child;
        if (threads.TakeAnnouncement(child)) return;
        ref GuardedThread expected = ref threads.Add(child);
        expected.Expected = true;
        expected.IsFork = stopEvent == Ptrace.PTRACE_EVENT_FORK;
    }

    /// <summary>It has reported itself; its place in the table.</summary>
    public int Add(Tid tid, bool announced)
    {
        ref GuardedThread thread = ref threads.Add(tid);
        thread.Process = ThreadLook.Exists(window.Target.Pid, tid) ? window.Target.Pid : new Pid(tid.Value);
        thread.Unannounced = !announced;
        if (Ptrace.GetSigMask(tid, out ulong mask).Ok) thread.SawMask(mask);
        return threads.Find(tid);
    }

    /// <summary>Holds a new process that has a copy of the memory; where the kernel can't compare, its making tells.</summary>
    public bool TakeForkChild(Tid tid, int index)
    {
        bool madeByFork = index >= 0 && threads[index].IsFork;
        if (ThreadLook.Exists(window.Target.Pid, tid)) return false;
        bool copy = SystemCall.SharesMemory(threads.AnyOf(window.Target.Pid), tid) is { Ok: true } compared ? !compared.Value : madeByFork;
        if (!copy) return false;
        ref GuardedThread child = ref threads.Add(tid);
        child.ForkChild = true;
        child.Unannounced = index < 0;
        Wait.One(tid, Wait.WSTOPPED | Wait.WNOHANG, out _); // taken, so that it is reported once; it stays stopped
        ForkChildren.Add(new Pid(tid.Value));
        return true;
    }
}
