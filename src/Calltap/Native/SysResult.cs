using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>What a system call gave: nothing but success, or an error. ESRCH is an ordinary outcome: threads end.</summary>
internal readonly record struct SysResult(Errno Errno)
{
    internal bool Ok => Errno == Errno.None;

    /// <summary>Throws <see cref="SystemCallException"/> naming <paramref name="call"/> when the call failed.</summary>
    internal void OrThrow(string call)
    {
        if (!Ok)
            throw new SystemCallException(Errno, call);
    }

    /// <summary>From the return value of a libc function that sets errno and returns -1. Must directly follow the call.</summary>
    internal static SysResult FromLibc(long returned) =>
        new(returned == -1 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None);
}

/// <summary>What a system call gave: a value, or an error.</summary>
internal readonly record struct SysResult<T>(T Value, Errno Errno)
{
    internal bool Ok => Errno == Errno.None;

    /// <summary>The value; throws <see cref="SystemCallException"/> naming <paramref name="call"/> when the call failed.</summary>
    internal T OrThrow(string call) => Ok ? Value : throw new SystemCallException(Errno, call);
}
