using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>A system call failed where no failure is expected.</summary>
internal sealed class SystemCallException(Errno errno, string call)
    : IOException($"{call}: {Marshal.GetPInvokeErrorMessage((int)errno)} (errno {(int)errno})")
{
    internal Errno Errno { get; } = errno;
}
