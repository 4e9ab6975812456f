using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>A file system that is mounted nowhere, so that nobody else sees it: fsopen(2), fsconfig(2), fsmount(2). Needs CAP_SYS_ADMIN.</summary>
internal static unsafe partial class DetachedMount
{
    private const int NR_fsopen = 430, NR_fsconfig = 431, NR_fsmount = 432;
    private const int CloseOnExec = 1;
    private const int FSCONFIG_CMD_CREATE = 6;

    /// <summary>Its root, to be reached through /proc/self/fd; null where that is not allowed.</summary>
    internal static SafeFileHandle? TryMake(string type)
    {
        fixed (byte* name = Encoding.ASCII.GetBytes(type + "\0"))
        {
            using var context = new SafeFileHandle(syscall(NR_fsopen, (nint)name, CloseOnExec, 0, 0, 0), ownsHandle: true);
            if (context.IsInvalid || syscall(NR_fsconfig, context.DangerousGetHandle(), FSCONFIG_CMD_CREATE, 0, 0, 0) != 0) return null;
            var root = new SafeFileHandle(syscall(NR_fsmount, context.DangerousGetHandle(), CloseOnExec, 0, 0, 0), ownsHandle: true);
            return root.IsInvalid ? null : root;
        }
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4);
}
