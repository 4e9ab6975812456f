using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>Signal numbers, kill(2) and tgkill(2). ESRCH means the process or thread has ended.</summary>
internal static partial class Signals
{
    internal const int SIGTRAP = 5;
    internal const int SIGSEGV = 11;
    internal const int SIGKILL = 9;
    internal const int SIGPIPE = 13;
    internal const int SIGTERM = 15;
    internal const int SIGCONT = 18;
    internal const int SIGSTOP = 19;
    private const int SIGTTOU = 22;

    /// <summary>The highest real-time signal.</summary>
    internal const int Last = 64;

    /// <summary>Every signal; the kernel leaves SIGKILL and SIGSTOP out of a mask by itself.</summary>
    internal const ulong All = ulong.MaxValue;

    internal static SysResult Kill(Pid pid, int signal) => SysResult.FromLibc(kill(pid.Value, signal));

    internal static SysResult Send(Pid process, Tid thread, int signal) => SysResult.FromLibc(tgkill(process.Value, thread.Value, signal));

    /// <summary>Whether it stops a process that has no handler for it: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU.</summary>
    internal static bool Stops(int signal) => signal is >= SIGSTOP and <= SIGTTOU;

    /// <summary>The bit of <paramref name="signal"/> in a signal mask.</summary>
    internal static ulong Bit(int signal) => 1UL << (signal - 1);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int sig);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tgkill(int tgid, int tid, int sig);
}
