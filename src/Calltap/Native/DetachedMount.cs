using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>A file system that is mounted nowhere, so that nobody else sees it: fsopen(2), fsconfig(2), fsmount(2). Needs CAP_SYS_ADMIN.</summary>
internal static unsafe partial class DetachedMount
{
    /// <summary>Neither set-user-id programs, nor devices, nor programs at all (MOUNT_ATTR_NOSUID, NODEV and NOEXEC).</summary>
    internal const int Harmless = 2 | 4 | 8;

    private const int NR_fsopen = 430, NR_fsconfig = 431, NR_fsmount = 432;
    private const int CloseOnExec = 1;
    private const int FSCONFIG_SET_FLAG = 0, FSCONFIG_SET_STRING = 1, FSCONFIG_CMD_CREATE = 6;

    /// <summary>Its root, to be reached through /proc/self/fd; null where that is not allowed.</summary>
    /// <param name="type">What it is.</param>
    /// <param name="attributes">Of the mount.</param>
    /// <param name="options">Of the file system; null as a value: a flag.</param>
    internal static SafeFileHandle? TryMake(string type, int attributes = 0, params IReadOnlyList<(string Key, string? Value)> options)
    {
        fixed (byte* name = Encoding.ASCII.GetBytes(type + "\0"))
        {
            using var context = new SafeFileHandle(syscall(NR_fsopen, (nint)name, CloseOnExec, 0, 0, 0), ownsHandle: true);
            if (context.IsInvalid || !options.All(option => Set(context, option.Key, option.Value))) return null;
            if (syscall(NR_fsconfig, context.DangerousGetHandle(), FSCONFIG_CMD_CREATE, 0, 0, 0) != 0) return null;
            var root = new SafeFileHandle(syscall(NR_fsmount, context.DangerousGetHandle(), CloseOnExec, attributes, 0, 0), ownsHandle: true);
            return root.IsInvalid ? null : root;
        }
    }

    private static bool Set(SafeFileHandle context, string key, string? value)
    {
        fixed (byte* name = Encoding.ASCII.GetBytes(key + "\0"), text = Encoding.ASCII.GetBytes((value ?? "") + "\0"))
            return syscall(NR_fsconfig, context.DangerousGetHandle(), value is null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, (nint)name, value is null ? 0 : (nint)text, 0) == 0;
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4);
}
