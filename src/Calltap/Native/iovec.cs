using System.Runtime.InteropServices;

namespace Calltap.Native;

#pragma warning disable CS8981 // A native name, verbatim.
/// <summary>sys/uio.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    internal byte* iov_base;
    internal nuint iov_len;
}
