using System.Diagnostics;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// PTRACE_SEIZE as one ptrace thread makes it, and the help it may need from the thread that waits for that one.
/// </summary>
/// <remarks>
/// A thread that executes another program holds cred_guard_mutex until every other thread of its process is reaped (de_thread in fs/exec.c);
/// those that are traced are reaped by their tracer; and PTRACE_SEIZE takes the same mutex (ptrace_attach in kernel/ptrace.c). A tracer that
/// has seized some threads and is about to seize one more would wait for the exec, and the exec for the tracer, until that is killed. But any
/// thread of the tracer's process may reap what one of them traces (do_wait without __WNOTHREAD).
/// </remarks>
internal sealed class Seizing
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(10); // usually it takes microseconds
    private long _since; // the request that is under way, in Stopwatch ticks; 0 for none. Written by the ptrace thread, last
    private int _process, _tracer; // of that request
    private int _reaped; // since the last ReapedSome; written by either side

    /// <summary>Seizes a thread of a process. Errors as <see cref="Ptrace.Seize"/>. On the ptrace thread.</summary>
    internal SysResult Seize(Pid process, Tid tid, int options)
    {
        Volatile.Write(ref _process, process.Value);
        Volatile.Write(ref _tracer, SystemCall.CurrentThread().Value);
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
        SysResult seized = Ptrace.Seize(tid, options);
        Volatile.Write(ref _since, 0);
        return seized;
    }

    /// <summary>Whether <see cref="Relieve"/> has reaped any thread since it was asked last. On the ptrace thread.</summary>
    internal bool ReapedSome() => Interlocked.Exchange(ref _reaped, 0) != 0;

    /// <summary>Reaps what an exec waits for, if the ptrace thread seems to wait for that exec. On any other thread, again and again.</summary>
    internal void Relieve()
    {
        long since = Volatile.Read(ref _since);
        if (since == 0 || Stopwatch.GetElapsedTime(since) < s_patience)
            return;
        Pid process = new(Volatile.Read(ref _process));
        Tid tracer = new(Volatile.Read(ref _tracer));
        foreach (Tid tid in ProcFiles.Threads(process))
            // The leader's status is its parent's, and an exec does not wait for it.
            if (tid.Value != process.Value && IsDeadTraceeOf(tracer, process, tid) && Volatile.Read(ref _since) == since && Wait.ForTraceeOfAnyThread(tid))
                Interlocked.Increment(ref _reaped);
    }

    private static bool IsDeadTraceeOf(Tid tracer, Pid process, Tid tid) =>
        ProcFiles.TryReadText(ProcFiles.Thread(process, tid, "status")) is { } text
        && ProcStatus.Parse(text) is { IsDead: true } status && status.TracerPid.Value == tracer.Value;
}
