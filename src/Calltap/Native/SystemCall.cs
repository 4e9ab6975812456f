using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>Calls that libc gives no function for: futex(2), kcmp(2), gettid(2); and their x86-64 numbers, also for injected calls.</summary>
internal static unsafe partial class SystemCall
{
    internal const int NR_poll = 7;
    internal const int NR_mmap = 9;
    internal const int NR_munmap = 11;
    internal const int NR_rt_sigreturn = 15;
    internal const int NR_madvise = 28;
    internal const int NR_clone = 56;
    internal const int NR_exit = 60;
    internal const int NR_close = 3;
    internal const int NR_read = 0;
    internal const int NR_ftruncate = 77;
    internal const int NR_prctl = 157;
    internal const int NR_arch_prctl = 158;
    internal const int NR_gettid = 186;
    internal const int NR_futex = 202;
    internal const int NR_pipe2 = 293;
    internal const int NR_kcmp = 312;
    internal const int NR_memfd_create = 319;
    internal const int NR_membarrier = 324;
    internal const int NR_close_range = 436;

    internal const int FUTEX_WAIT = 0;
    internal const int FUTEX_WAKE = 1;
    private const int KCMP_VM = 1;

    /// <summary>
    /// Waits on a word of shared memory while it holds <paramref name="expected"/>. EAGAIN: it does not; ETIMEDOUT; EINTR: look again.
    /// </summary>
    internal static SysResult FutexWait(int* word, int expected, TimeSpan timeout)
    {
        timespec time = timespec.From(timeout);
        return SysResult.FromLibc(syscall(NR_futex, (nint)word, FUTEX_WAIT, expected, (nint)(&time), 0));
    }

    /// <summary>Wakes every waiter on a word of shared memory.</summary>
    internal static void FutexWake(int* word) => syscall(NR_futex, (nint)word, FUTEX_WAKE, int.MaxValue, 0, 0);

    /// <summary>Whether two threads share their memory. ESRCH: one has ended; ENOSYS: a kernel built without kcmp.</summary>
    internal static SysResult<bool> SharesMemory(Tid left, Tid right)
    {
        nint order = syscall(NR_kcmp, left.Value, right.Value, KCMP_VM, 0, 0);
        return new SysResult<bool>(order == 0, SysResult.FromLibc(order).Errno);
    }

    /// <summary>membarrier(MEMBARRIER_CMD_QUERY): a bit for each command that the kernel has. ENOSYS: none.</summary>
    internal static SysResult<int> MembarrierCommands()
    {
        nint commands = syscall(NR_membarrier, 0, 0, 0, 0, 0);
        return new SysResult<int>((int)commands, SysResult.FromLibc(commands).Errno);
    }

    /// <summary>The kernel's id of the calling thread.</summary>
    internal static Tid CurrentThread() => new((int)syscall(NR_gettid, 0, 0, 0, 0, 0));

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4);
}
