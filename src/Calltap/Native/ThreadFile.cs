using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>
/// Reads a file of /proc/PID/task/TID without allocating: what the guard looks at while the target's threads wait.
/// </summary>
internal static unsafe partial class ThreadFile
{
    private const int PathSize = 64;
    private const int O_RDONLY_CLOEXEC = 0x80000;

    /// <summary>Reads up to the buffer's length; 0 when the thread is gone or the file can't be read.</summary>
    internal static int Read(Pid pid, Tid tid, ReadOnlySpan<byte> file, Span<byte> buffer)
    {
        byte* path = stackalloc byte[PathSize];
        Span<byte> text = new(path, PathSize);
        int length = Append(text, 0, "/proc/"u8);
        length = Append(text, length, pid.Value);
        length = Append(text, length, "/task/"u8);
        length = Append(text, length, tid.Value);
        length = Append(text, length, file);
        text[length] = 0;
        int descriptor = open(path, O_RDONLY_CLOEXEC, 0);
        if (descriptor < 0) return 0;
        nint count;
        fixed (byte* data = buffer)
            count = read(descriptor, data, (nuint)buffer.Length);
        close(descriptor);
        return count < 0 ? 0 : (int)count;
    }

    private static int Append(Span<byte> text, int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(text[length..]);
        return length + part.Length;
    }

    private static int Append(Span<byte> text, int length, int number)
    {
        Utf8Formatter.TryFormat(number, text[length..], out int written);
        return length + written;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* pathname, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, byte* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);
}
