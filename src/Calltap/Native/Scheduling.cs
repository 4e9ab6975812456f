using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>sched_setscheduler(2), sched_setaffinity(2), setpriority(2). EPERM or EACCES without CAP_SYS_NICE: an ordinary outcome.</summary>
internal static unsafe partial class Scheduling
{
    private const int PRIO_PROCESS = 0;
    private const int PreferredNice = -10;
    private const int SCHED_OTHER = 0;
    private const int SCHED_RR = 2;
    private const int SCHED_RESET_ON_FORK = 0x40000000;

    /// <summary>The lowest real-time priority but one, for whom those with the lowest wait.</summary>
    internal const int AboveUrgent = 2;

    /// <summary>Asks for a real-time priority, the lowest if nothing else is said, so that no ordinary thread delays this one. Its children start with the ordinary policy.</summary>
    internal static SysResult MakeRealTime(Tid tid, int priority = 1)
    {
        return SysResult.FromLibc(sched_setscheduler(tid.Value, SCHED_RR | SCHED_RESET_ON_FORK, &priority));
    }

    /// <summary>
    /// Starts a thread that is to get a CPU at once: among busy threads an ordinary one first waits for 10 ms and more. It inherits the
    /// real-time priority that the caller has for this moment; without the right, or where a user has set another policy, it starts like any.
    /// </summary>
    internal static void StartUrgently(Thread thread)
    {
        int lowest = 1;
        Tid here = SystemCall.CurrentThread();
        bool ordinary = IsOrdinary(here), ours = sched_getscheduler(here.Value) == (SCHED_RR | SCHED_RESET_ON_FORK);
        if (ordinary || ours) sched_setscheduler(here.Value, SCHED_RR, &lowest);
        try
        {
            thread.Start();
        }
        finally
        {
            if (ordinary) MakeOrdinary(here);
            else if (ours) MakeRealTime(here);
        }
    }

    /// <summary>Back to the ordinary policy; the nice value is what it was.</summary>
    internal static SysResult MakeOrdinary(Tid tid)
    {
        int priority = 0;
        return SysResult.FromLibc(sched_setscheduler(tid.Value, SCHED_OTHER | SCHED_RESET_ON_FORK, &priority));
    }

    /// <summary>Whether the thread has the ordinary policy, as threads have that nobody gave another.</summary>
    internal static bool IsOrdinary(Tid tid) => (sched_getscheduler(tid.Value) & ~SCHED_RESET_ON_FORK) == SCHED_OTHER;

    /// <summary>Lets the thread run on every CPU that its cpuset has: a thread is made with the affinity of its maker.</summary>
    internal static SysResult AllowAllCpus(Tid tid)
    {
        const int Bytes = 1024; // 8,192 CPUs; the kernel drops those that there are not
        byte* all = stackalloc byte[Bytes];
        new Span<byte>(all, Bytes).Fill(0xff);
        return SysResult.FromLibc(sched_setaffinity(tid.Value, Bytes, all));
    }

    /// <summary>Asks for a larger share of the CPU, without keeping others off it.</summary>
    internal static SysResult Prefer(Tid tid) => SysResult.FromLibc(setpriority(PRIO_PROCESS, tid.Value, PreferredNice));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpriority(int which, int who, int prio);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int pid, nuint cpusetsize, byte* mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_getscheduler(int pid);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setscheduler(int pid, int policy, int* param);
}
