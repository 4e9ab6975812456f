using Calltap.Code.Emit;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// Checks, without stopping anybody, that every thread of the target has a thread pointer as the trampolines expect
/// it: fs:0 holds its own address (System V psABI, TLS), and finds where libc keeps the tid behind it.
/// </summary>
static class ThreadPointers
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_patienceInTheMaking = TimeSpan.FromSeconds(20);
    static readonly TimeSpan s_making = TimeSpan.FromMilliseconds(10); // of CPU time: libc's start of a thread takes some 20 us, but what a hypervisor takes away is counted too

    /// <summary>What libc keeps behind the thread pointer, the same for every thread.</summary>
    /// <param name="target">The process.</param>
    /// <exception cref="AttachException">A thread has no thread pointer that could be verified.</exception>
    public static ThreadDescriptorLayout Verify(TargetProcess target)
    {
        IThreadDescriptors[] kinds = [new GlibcThreads(target), new MuslThreads(target)];
        ThreadDescriptorLayout? layout = null;
        foreach (Tid tid in target.ReadThreads())
        {
            if (ThreadLook.IsKernelWorker(target.Pid, tid)) continue;
            ThreadDescriptorLayout? found = null;
            bool gone = false;
            // The helper of a tracer that was killed leaves in a moment.
            Deadline patience = Deadline.In(s_patience);
            Deadline.In(s_patienceInTheMaking).Poll(() =>
                (gone = IsGone(target, tid)) || (found = LayoutOf(ref kinds, tid, layout)) is not null || (patience.IsPast && !IsInTheMaking(target, tid)));
            if (gone || IsGone(target, tid)) continue; // also between the two questions of the last look
            layout = found ?? throw new AttachException(
                AttachRefusal.Unsupported,
                $"thread {tid} of process {target.Pid} ({target.Name}) has no thread pointer that could be verified: only threads made by glibc, musl or Go's runtime can be traced");
        }
        return layout ?? throw AttachChecks.Ended(target.Pid);
    }

    // A process has one C library: the first thread that is found decides.
    static ThreadDescriptorLayout? LayoutOf(ref IThreadDescriptors[] kinds, Tid tid, ThreadDescriptorLayout? known)
    {
        foreach (IThreadDescriptors kind in kinds)
        {
            if (kind.LayoutOf(tid, known) is not { } layout) continue;
            kinds = [kind];
            return layout;
        }
        return null;
    }

    /// <summary>
    /// Whether the thread has hardly had a CPU so far: it sets up its descriptor itself, or its maker does, and on a busy machine it may be
    /// long until they run.
    /// </summary>
    static bool IsInTheMaking(TargetProcess target, Tid tid) => ThreadLook.RunTimeOf(target.Pid, tid) is { } time && time < s_making;

    static bool IsGone(TargetProcess target, Tid tid) => target.ReadStatus(tid) is null or { IsDead: true } or { HasMemory: false };
}
