using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>
/// pread(2) and pwrite(2) on /proc/PID/mem, which ignores page protection. EIO: nothing is mapped there, or the mapping refuses forced
/// access; 0 bytes: the memory the descriptor was opened on is gone (exit or exec).
/// </summary>
internal static unsafe partial class MemoryFile
{
    /// <summary>The value is the number of bytes read, less than asked for when a hole follows.</summary>
    internal static SysResult<int> Read(SafeFileHandle memory, TargetAddress address, Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            nint count = pread(memory, data, (nuint)buffer.Length, unchecked((long)address.Value));
            return new SysResult<int>((int)count, SysResult.FromLibc(count).Errno);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(SafeFileHandle fd, byte* buf, nuint count, long offset);

    /// <summary>Banned everywhere but in TargetTextWriter (BannedSymbols.txt).</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwrite(int fd, byte* buf, nuint count, long offset);
}
