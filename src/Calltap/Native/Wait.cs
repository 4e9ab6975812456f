using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>
/// waitid(2). Always with __WALL (tracees that are no children) and __WNOTHREAD (only what this thread seized or spawned), except
/// <see cref="ForExitOf"/> and <see cref="ForTraceeOfAnyThread"/>. ECHILD means that there is nothing to wait for: the tracee has ended and was reaped.
/// </summary>
internal static unsafe partial class Wait
{
    internal const int P_ALL = 0;
    internal const int P_PID = 1;
    internal const int WNOHANG = 1;
    internal const int WSTOPPED = 2;
    internal const int WEXITED = 4;
    internal const int WNOWAIT = 0x01000000;
    internal const int CLD_EXITED = 1;
    internal const int CLD_KILLED = 2;
    internal const int CLD_DUMPED = 3;
    internal const int CLD_STOPPED = 5;
    internal const int CLD_TRAPPED = 4;
    private const int WNoThread = 0x20000000;
    private const int WAll = 0x40000000;

    /// <summary>One change of one tracee or child. With WNOHANG and nothing to report, si_pid is 0.</summary>
    internal static SysResult One(Tid tid, int options, out siginfo_t report) => Any(P_PID, tid.Value, options | WAll | WNoThread, out report);

    /// <summary>One change of any tracee or child of this thread. With WNOHANG and nothing to report, si_pid is 0.</summary>
    internal static SysResult Any(int options, out siginfo_t report) => Any(P_ALL, 0, options | WAll | WNoThread, out report);

    /// <summary>Reaps a child of this process, whichever thread spawned it; blocks until it ends.</summary>
    internal static SysResult ForExitOf(Pid child, out siginfo_t report) => Any(P_PID, child.Value, WEXITED, out report);

    /// <summary>Reaps a tracee that has ended, whichever thread of this process traces it; whether it has. Does not block.</summary>
    internal static bool ForTraceeOfAnyThread(Tid tid) => Any(P_PID, tid.Value, WEXITED | WNOHANG | WAll, out siginfo_t report).Ok && report.si_pid != 0;

    private static SysResult Any(int kind, int id, int options, out siginfo_t report)
    {
        report = default;
        int returned;
        do
            fixed (siginfo_t* data = &report)
                returned = waitid(kind, id, data, options);
        while (returned == -1 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);
        return SysResult.FromLibc(returned);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitid(int idtype, int id, siginfo_t* infop, int options);
}
