using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>open(2), pidfd_open(2), poll(2) and the like. Every descriptor is close-on-exec and owned by a SafeHandle.</summary>
internal static unsafe partial class Descriptors
{
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const int O_PATH = 0x200000;
    internal const int O_NOFOLLOW = 0x20000;
    private const int CloseOnExec = 0x80000;
    private const short POLLIN = 1;
    private const int X_OK = 1;
    private const int RLIMIT_NOFILE = 7;
    private const ulong Reserve = 32; // for what is opened for a moment, and for all that is under way

    /// <summary>ENOENT and ESRCH: the process has ended; EACCES and EPERM: it may not be inspected.</summary>
    internal static SysResult<SafeFileHandle> Open(string path, int flags)
    {
        fixed (byte* name = NativeString.Of(path))
            return Own(open(name, flags | CloseOnExec, 0));
    }

    /// <summary>ESRCH: no such process; EINVAL (ENOENT since 6.17): a thread that is not the leader of its process.</summary>
    internal static SysResult<SafeFileHandle> PidFdOpen(Pid pid) => Own(pidfd_open(pid.Value, 0));

    /// <summary>Whether a read would not block now; for a pidfd: whether the process has ended.</summary>
    internal static bool IsReadable(SafeFileHandle handle, TimeSpan timeout)
    {
        pollfd descriptor = new() { fd = (int)handle.DangerousGetHandle(), events = POLLIN };
        long start = Stopwatch.GetTimestamp();
        int ready;
        do // a signal ends it early, such as the runtime's own
            ready = poll(&descriptor, 1, (int)Math.Max(0, Math.Ceiling((timeout - Stopwatch.GetElapsedTime(start)).TotalMilliseconds)));
        while (ready < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);
        GC.KeepAlive(handle);
        return ready > 0;
    }

    /// <summary>Whether hardly any more can be opened beside this one, which was opened last: numbers are given from the lowest on (RLIMIT_NOFILE).</summary>
    internal static bool IsNearLimit(SafeFileHandle handle)
    {
        rlimit limit;
        return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (ulong)handle.DangerousGetHandle() + Reserve >= limit.rlim_cur;
    }

    /// <summary>Whether the caller may execute a file (access(2)).</summary>
    internal static bool MayExecute(string path)
    {
        fixed (byte* name = NativeString.Of(path))
            return access(name, X_OK) == 0;
    }

    /// <summary>Writes one byte into a pipe. EPIPE: nobody reads it any more.</summary>
    internal static SysResult WriteByte(SafeFileHandle pipe)
    {
        byte one = 1;
        nint written = write(pipe, &one, 1);
        return SysResult.FromLibc(written);
    }

    private static SysResult<SafeFileHandle> Own(int descriptor)
    {
        Errno errno = SysResult.FromLibc(descriptor).Errno;
        return new SysResult<SafeFileHandle>(new SafeFileHandle(descriptor, ownsHandle: descriptor >= 0), errno);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* pathname, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int access(byte* pathname, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle fd, byte* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pidfd_open(int pid, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(pollfd* fds, nuint nfds, int timeout);

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, rlimit* rlim);

#pragma warning disable CS8981 // A native name, verbatim.
    [StructLayout(LayoutKind.Sequential)]
    private struct rlimit
    {
        internal ulong rlim_cur;
        internal ulong rlim_max;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
}
