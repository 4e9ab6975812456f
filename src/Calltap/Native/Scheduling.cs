using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>sched_setscheduler(2). EPERM without CAP_SYS_NICE or RLIMIT_RTPRIO: an ordinary outcome.</summary>
internal static unsafe partial class Scheduling
{
    private const int SCHED_RR = 2;
    private const int SCHED_RESET_ON_FORK = 0x40000000;

    /// <summary>Asks for the lowest real-time priority, so that no ordinary thread delays this one. Its children start with the ordinary policy.</summary>
    internal static SysResult MakeRealTime(Tid tid)
    {
        int priority = 1;
        return SysResult.FromLibc(sched_setscheduler(tid.Value, SCHED_RR | SCHED_RESET_ON_FORK, &priority));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setscheduler(int pid, int policy, int* param);
}
