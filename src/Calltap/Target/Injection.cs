using Calltap.Native;
using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>
/// Borrows one thread of the target for a few system calls: the others are neither stopped nor seized. Preferred is a thread in user code; then
/// a sleeper whose call can be made again exactly; after that one with a relative timeout, which starts anew.
/// </summary>
internal static class Injection
{
    private const int RoundsForRunning = 5;
    private const int RoundsForExact = 25;
    private static readonly TimeSpan s_betweenRounds = TimeSpan.FromMicroseconds(200);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Runs <paramref name="work"/> with a borrowed thread, which afterwards goes on with its own state, untraced.
    /// </summary>
    /// <exception cref="AttachException">No thread could be borrowed in time, or the target ended.</exception>
    internal static T Run<T>(TargetProcess target, TargetTextWriter writer, Func<HijackedThread, T> work)
    {
        using PtraceThread thread = new("calltap injection");
        return thread.Run(() =>
        {
            HijackedThread borrowed = Borrow(target, writer, thread.Seizing, out bool isOnly);
            T result = Use(borrowed, work, detach: true);
            thread.HoldsNothing = isOnly && borrowed.IsReleased;
            return result;
        });
    }

    /// <summary>The same with a thread that <paramref name="thread"/> holds in a stop and keeps.</summary>
    internal static T RunHeld<T>(TargetProcess target, TargetTextWriter writer, PtraceThread thread, Tid held, Func<HijackedThread, T> work) =>
        thread.Run(() =>
        {
            IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
            HijackedThread borrowed = HijackedThread.FromStop(target, writer, held, Gadgets.Find(target, mappings), mappings)
                ?? throw AttachChecks.Refuse(AttachRefusal.NoUsableThread, $"thread {held} of process {target.Pid} is stopped where no system call can be injected");
            return Use(borrowed, work, detach: false);
        });

    private static T Use<T>(HijackedThread borrowed, Func<HijackedThread, T> work, bool detach)
    {
        try
        {
            return work(borrowed);
        }
        finally
        {
            borrowed.Finish(detach);
        }
    }

    // isOnly: no other was seized before it; one that did not stop is let go with the end of the ptrace thread.
    private static HijackedThread Borrow(TargetProcess target, TargetTextWriter writer, Seizing seizing, out bool isOnly)
    {
        isOnly = true;
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        if (target.IsGone)
            throw AttachChecks.Ended(target.Pid); // another program may have its pid and its mappings now
        Gadgets gadgets = Gadgets.Find(target, mappings);
        _ = target.IsGoAlone; // its file is read for that once: not while a thread waits
        Deadline deadline = Deadline.In(s_timeout);
        for (int round = 0; !deadline.IsPast; round++)
        {
            int worst = round < RoundsForRunning ? 0 : round < RoundsForExact ? RestartableCalls.Exact : RestartableCalls.LastResort;
            foreach (ThreadCandidate candidate in ThreadCandidate.List(target, worst))
            {
                if (target.MemoryIsGone || IsFiltered(target, candidate.Tid)) continue;
                if (HijackedThread.TryTake(target, writer, seizing, candidate.Tid, gadgets, mappings) is { } taken)
                    return taken;
                isOnly = false;
            }
            if (target.IsGone)
                throw AttachChecks.Ended(target.Pid);
            RefuseIfAllFiltered(target);
            Clock.Sleep(s_betweenRounds);
            if (round < RoundsForExact)
                continue;
            AttachChecks.CheckNotStopped(target);
            mappings = target.ReadMappings(); // Threads come with new stacks.
        }

        throw AttachChecks.Refuse(AttachRefusal.NoUsableThread, $"no thread of process {target.Pid} ({target.Name}) could be borrowed within {s_timeout.TotalSeconds} s: all are in system calls that must not be interrupted; try again");
    }

    /// <summary>
    /// Whether a call that is injected into this thread, or made by the helper that it makes, might be answered by a kill. To be asked of a thread that is stopped, where
    /// it is to hold: programs put themselves into a sandbox at any time, and also while functions are armed.
    /// </summary>
    internal static bool IsFiltered(TargetProcess target, Tid tid) => target.ReadStatus(tid) is { HasFilter: true };

    private static void RefuseIfAllFiltered(TargetProcess target)
    {
        ProcStatus[] threads = [.. target.ReadThreads().Select(target.ReadStatus).OfType<ProcStatus>().Where(thread => !thread.IsDead)];
        if (threads.Length > 0 && threads.All(thread => thread.HasFilter))
            throw AttachChecks.Filtered(target.Pid, target.Name);
    }
}
