using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>get_robust_list(2): where a thread keeps its robust futexes, which in glibc is inside its thread descriptor.</summary>
internal static unsafe partial class RobustList
{
    private const int NR_get_robust_list = 274;

    /// <summary>
    /// The address of the list head of a thread, 0 when it registered none. ESRCH: the thread has ended; EPERM: it may
    /// not be traced.
    /// </summary>
    internal static SysResult<ulong> HeadOf(Tid tid)
    {
        ulong head = 0;
        nuint length = 0;
        nint result = syscall(NR_get_robust_list, tid.Value, &head, &length);
        return new SysResult<ulong>(head, SysResult.FromLibc(result).Errno);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint pid, ulong* head, nuint* length);
}
