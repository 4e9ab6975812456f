using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>
/// A file system of one file, which this process serves (fuse(4)), over a file: move_mount(2). Both are known by descriptors alone, so that nobody leads
/// the mount elsewhere by a link. Needs CAP_SYS_ADMIN.
/// </summary>
internal static unsafe partial class FuseMount
{
    private const int NR_move_mount = 429;
    private const string Source = "calltap"; // what mounts are called
    private const int MOVE_MOUNT_F_EMPTY_PATH = 4, MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private const int MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8;

    /// <summary>Mounts it.</summary>
    /// <param name="over">What lies under it until <see cref="Detach"/>, opened with <see cref="Descriptors.O_PATH"/>.</param>
    /// <returns>The device on which the kernel asks, and the mount; null where that is not allowed, or the kernel has no fuse.</returns>
    internal static (SafeFileHandle Device, SafeFileHandle Root)? TryMake(SafeFileHandle over)
    {
        SysResult<SafeFileHandle> opened = Descriptors.Open("/dev/fuse", Descriptors.O_RDWR);
        if (!opened.Ok) return null;
        SafeFileHandle device = opened.Value;
        if (TryMakeRoot(device) is { } root)
        {
            if (syscall(NR_move_mount, Number(root), Empty, Number(over), Empty, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) return (device, root);
            root.Dispose();
        }

        device.Dispose();
        return null;
    }

    /// <summary>Takes away what a server has left over a file that was killed. Does nothing to any other mount.</summary>
    internal static void DetachLeft(string over)
    {
        if (!File.ReadLines("/proc/self/mounts").Any(line => line.StartsWith($"{Source} {over} fuse ", StringComparison.Ordinal))) return;
        fixed (byte* path = NativeString.Of(over))
            _ = umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    }

    /// <summary>Takes it out of the names; who has it open keeps it.</summary>
    internal static void Detach(SafeFileHandle root)
    {
        fixed (byte* path = NativeString.Of($"/proc/self/fd/{Number(root)}"))
            _ = umount2(path, MNT_DETACH);
    }

    /// <summary>The next thing asked. 0: nobody has the file open any more, or no request came in time; ENODEV is given as 0 with <paramref name="over"/>.</summary>
    internal static int Read(SafeFileHandle device, Span<byte> buffer, TimeSpan patience, out bool over)
    {
        over = false;
        if (!Descriptors.IsReadable(device, patience)) return 0;
        fixed (byte* data = buffer)
        {
            SysResult<int> count = Count(read(device, data, (nuint)buffer.Length));
            over = count.Errno is not (Errno.None or Errno.EINTR or Errno.ENOENT or Errno.EAGAIN); // ENOENT: what was asked was given up
            return count.Ok ? count.Value : 0;
        }
    }

    /// <summary>Answers; ENOENT where whoever asked is gone.</summary>
    internal static void Write(SafeFileHandle device, ReadOnlySpan<byte> answer)
    {
        fixed (byte* data = answer)
            _ = write(device, data, (nuint)answer.Length);
    }

    private static nint Empty => (nint)(void*)s_empty;

    private static readonly byte* s_empty = (byte*)NativeMemory.AllocZeroed(1);

    private static SafeFileHandle? TryMakeRoot(SafeFileHandle device) => DetachedMount.TryMake(
        "fuse", DetachedMount.Harmless, ("fd", Number(device).ToString(CultureInfo.InvariantCulture)), ("rootmode", "100644"), ("user_id", "0"), ("group_id", "0"), ("source", Source), ("allow_other", null));

    private static nint Number(SafeFileHandle handle) => handle.DangerousGetHandle();

    private static SysResult<int> Count(nint count) => new((int)count, SysResult.FromLibc(count).Errno);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle fd, byte* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle fd, byte* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int umount2(byte* target, int flags);
}
