using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>perf_event_open(2), for events of one thread on every CPU.</summary>
internal static unsafe partial class PerfEvent
{
    internal const int Software = 1, Tracepoint = 2; // PERF_TYPE_
    private const int NR_perf_event_open = 298;
    private const int PERF_FLAG_FD_CLOEXEC = 8;
    private const nuint PERF_EVENT_IOC_SET_FILTER = 0x4008_2406;

    /// <summary>EACCES or EPERM: kernel.perf_event_paranoid does not allow it; ESRCH: the thread has ended.</summary>
    internal static SysResult<SafeFileHandle> Open(Tid tid, perf_event_attr attributes)
    {
        attributes.size = (uint)sizeof(perf_event_attr);
        nint opened = syscall(NR_perf_event_open, &attributes, tid.Value, -1, -1, PERF_FLAG_FD_CLOEXEC);
        return new(new SafeFileHandle(opened, ownsHandle: opened >= 0), SysResult.FromLibc(opened).Errno);
    }

    /// <summary>Counts only what the filter lets through (Documentation/trace/events.rst).</summary>
    internal static SysResult SetFilter(SafeFileHandle perfEvent, string filter)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(filter + "\0"))
            return SysResult.FromLibc(ioctl(perfEvent, PERF_EVENT_IOC_SET_FILTER, (nint)text));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, perf_event_attr* attributes, nint pid, nint cpu, nint group, nint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, nuint request, nint argument);

#pragma warning disable CS8981 // A native name, verbatim.
    [StructLayout(LayoutKind.Sequential)]
    internal struct perf_event_attr
    {
        internal uint type, size;
        internal ulong config, sample_period, sample_type, read_format, flags;
        internal uint wakeup_events, bp_type;
        internal ulong config1, config2, branch_sample_type, sample_regs_user;
        internal uint sample_stack_user;
        internal int clockid;
        internal ulong sample_regs_intr;
        internal uint aux_watermark;
        internal ushort sample_max_stack, reserved;
    }
}
