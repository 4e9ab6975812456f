using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Calltap.LiveTests.Programs;

/// <summary>The few libc calls with which tests start and await a process without the runtime's child reaper.</summary>
static unsafe partial class NativeSpawn
{
    public const int SIGKILL = 9, SIGTERM = 15;
    const int EINTR = 4, P_PID = 1, WEXITED = 4, WNOHANG = 1, O_WRONLY = 1, O_CREAT = 0x40, O_TRUNC = 0x200;
    const short POLLIN = 1, POSIX_SPAWN_SETSIGDEF = 4, POSIX_SPAWN_SETSIGMASK = 8;
    const long SYS_pidfd_open = 434;

    /// <summary>Starts a program with stdin from /dev/null and its output into a file. Signals are at their defaults, none blocked.</summary>
    public static int Spawn(string path, IReadOnlyList<string> arguments, string outputPath)
    {
        // Sizes of glibc's opaque structures are 80, 336 and 128 bytes on x86-64.
        byte* actions = stackalloc byte[128], attributes = stackalloc byte[512], signals = stackalloc byte[128];
        Check(posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
        Check(posix_spawnattr_init(attributes), "posix_spawnattr_init");
        Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0), "addopen");
        Check(posix_spawn_file_actions_addopen(actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0x180), "addopen");
        Check(posix_spawn_file_actions_adddup2(actions, 1, 2), "adddup2");
        new Span<byte>(signals, 128).Clear();
        Check(posix_spawnattr_setsigmask(attributes, signals), "setsigmask");
        new Span<byte>(signals, 128).Fill(0xff);
        Check(posix_spawnattr_setsigdefault(attributes, signals), "setsigdefault");
        Check(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK), "setflags");
        string?[] argv = [path, .. arguments, null];
        try
        {
            Check(posix_spawnp(out var pid, path, actions, attributes, argv, Environment()), $"posix_spawn {path}");
            return pid;
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>A descriptor that becomes readable when the whole process has ended.</summary>
    public static int OpenPidfd(int pid)
    {
        var fd = syscall(SYS_pidfd_open, pid, 0);
        return fd >= 0 ? (int)fd : throw Failure("pidfd_open");
    }

    /// <summary>
    /// Waits for the end and takes the exit status. Asks the pidfd first: a plain waitpid by any thread of this process would also
    /// take the ptrace stops that belong to the tracer's thread.
    /// </summary>
    /// <returns>The exit code, or 128 and the signal; null when it still runs.</returns>
    public static int? WaitForEnd(int pid, int pidfd, TimeSpan timeout)
    {
        var wanted = new PollFd { fd = pidfd, events = POLLIN };
        long start = Stopwatch.GetTimestamp();
        int ready;
        do // a signal ends it early, such as the runtime's own
            ready = poll(&wanted, 1, (int)Math.Max(0, (timeout - Stopwatch.GetElapsedTime(start)).TotalMilliseconds));
        while (ready < 0 && Marshal.GetLastPInvokeError() == EINTR);
        if (ready == 0)
            return null;
        SigInfo info = default;
        if (waitid(P_PID, pid, &info, WEXITED | WNOHANG) != 0)
            throw Failure("waitid");
        if (info.si_pid == 0)
            return null;
        const int CLD_EXITED = 1;
        return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }

    public static void Kill(int pid, int signal) => _ = kill(pid, signal);

    public static void Close(int fd) => _ = close(fd);

    static string?[] Environment() =>
    [
        .. System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(e => !$"{e.Key}".StartsWith("DOTNET_", StringComparison.Ordinal))
            .Select(e => $"{e.Key}={e.Value}"),
        null,
    ];

    static void Check(int error, string call)
    {
        if (error != 0)
            throw new InvalidOperationException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    static InvalidOperationException Failure(string call) => new($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [StructLayout(LayoutKind.Sequential)]
    struct PollFd
    {
        public int fd;
        public short events, revents;
    }

    // siginfo_t of SIGCHLD on x86-64; 128 bytes in all.
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    struct SigInfo
    {
        public int si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status;
    }

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);
    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int fd, string path, int flags, uint mode);
    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);
    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);
    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);
    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* mask);
    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* mask);
    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawnp(out int pid, string path, byte* actions, byte* attributes, string?[] argv, string?[] envp);
    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int first, int second);
    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollFd* fds, ulong count, int timeout);
    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitid(int type, int id, SigInfo* info, int options);
    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
    [LibraryImport("libc")]
    private static partial int close(int fd);
}
