using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>
/// Tells where one thread is while it runs, without stopping it: perf_event_open(2) with the thread's own clock, one sample of user code for
/// each request, taken in a timer's interrupt. Registers and stack are of one moment.
/// </summary>
internal sealed unsafe partial class PcSampler : IDisposable
{
    /// <summary>The most of a stack that a sample holds: a record is shorter than 64 KiB.</summary>
    internal const int MaxStack = 32 << 10;

    private const int NR_perf_event_open = 298;
    private const int PERF_FLAG_FD_CLOEXEC = 8;
    private const int PERF_TYPE_SOFTWARE = 1, PERF_COUNT_SW_TASK_CLOCK = 1;
    private const ulong PERF_SAMPLE_IP = 1, PERF_SAMPLE_REGS_USER = 1 << 12, PERF_SAMPLE_STACK_USER = 1 << 13;
    private const ulong Disabled = 1, ExcludeKernel = 1 << 5, ExcludeHypervisor = 1 << 6;
    private const ulong StackPointerOnly = 1 << 7; // PERF_REG_X86_SP
    private const nuint PERF_EVENT_IOC_REFRESH = 0x2402;
    private const int PERF_RECORD_SAMPLE = 9;
    private const int PageSize = 4096, RingSize = 16 * PageSize;
    private const int DataHead = 1024, DataTail = 1032; // struct perf_event_mmap_page
    private const int HeaderSize = 8;
    private const ulong PeriodNs = 20_000;

    private readonly SafeFileHandle _event;
    private readonly byte* _pages;
    private readonly byte[] _record = new byte[1 << 16];

    private PcSampler(SafeFileHandle perfEvent, byte* pages)
    {
        _event = perfEvent;
        _pages = pages;
    }

    /// <summary>EACCES or EPERM: kernel.perf_event_paranoid does not allow it; ESRCH: the thread has ended.</summary>
    internal static SysResult<PcSampler?> Open(Tid tid)
    {
        perf_event_attr attributes = new()
        {
            type = PERF_TYPE_SOFTWARE,
            size = (uint)sizeof(perf_event_attr),
            config = PERF_COUNT_SW_TASK_CLOCK,
            sample_period = PeriodNs,
            sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
            flags = Disabled | ExcludeKernel | ExcludeHypervisor,
            wakeup_events = 1,
            sample_regs_user = StackPointerOnly,
            sample_stack_user = MaxStack,
        };
        nint opened = syscall(NR_perf_event_open, &attributes, tid.Value, -1, -1, PERF_FLAG_FD_CLOEXEC);
        Errno errno = SysResult.FromLibc(opened).Errno;
        if (errno != Errno.None) return new(null, errno);
        var perfEvent = new SafeFileHandle(opened, ownsHandle: true);
        nint pages = mmap(0, PageSize + RingSize, 3, 1, perfEvent, 0);
        errno = SysResult.FromLibc(pages).Errno;
        if (errno == Errno.None) return new(new PcSampler(perfEvent, (byte*)pages), errno);
        perfEvent.Dispose();
        return new(null, errno);
    }

    /// <summary>Asks for one sample; what was sampled before is dropped.</summary>
    internal void Ask()
    {
        Tail = Head;
        ioctl(_event, PERF_EVENT_IOC_REFRESH, 1);
    }

    /// <summary>The sample, when the thread has run long enough since it was asked for.</summary>
    /// <param name="sample">Valid until the next call.</param>
    internal bool TryTake(out PcSample sample)
    {
        sample = default;
        ulong head = Head, tail = Tail;
        Thread.MemoryBarrier(); // pairs with the kernel's write of data_head
        bool found = false;
        while (tail < head)
        {
            Copy(tail, HeaderSize);
            int type = BitConverter.ToInt32(_record), size = BitConverter.ToUInt16(_record, 6);
            if (type == PERF_RECORD_SAMPLE)
            {
                Copy(tail, size);
                found = Parse(_record.AsSpan(HeaderSize, size - HeaderSize), out sample);
            }
            tail += (ulong)Math.Max(size, HeaderSize);
        }
        Tail = tail;
        return found;
    }

    // u64 ip; u64 abi; u64 sp; u64 size; size bytes; u64 dyn_size (linux/perf_event.h, PERF_RECORD_SAMPLE).
    private static bool Parse(ReadOnlySpan<byte> body, out PcSample sample)
    {
        sample = default;
        if (BitConverter.ToUInt64(body[8..]) == 0) return false; // no user registers: it was not in user code
        int size = (int)BitConverter.ToUInt64(body[24..]);
        int valid = size == 0 ? 0 : (int)BitConverter.ToUInt64(body[(32 + size)..]);
        sample = new PcSample(BitConverter.ToUInt64(body), BitConverter.ToUInt64(body[16..]), body.Slice(32, Math.Min(valid, size)));
        return true;
    }

    private void Copy(ulong from, int length)
    {
        for (int i = 0; i < length;)
        {
            int at = (int)((from + (ulong)i) % RingSize), part = Math.Min(length - i, RingSize - at);
            // SAFETY: inside the ring's mapping.
            new ReadOnlySpan<byte>(_pages + PageSize + at, part).CopyTo(_record.AsSpan(i));
            i += part;
        }
    }

    private ulong Head => Volatile.Read(ref *(ulong*)(_pages + DataHead));

    private ulong Tail
    {
        get => *(ulong*)(_pages + DataTail);
        set => Volatile.Write(ref *(ulong*)(_pages + DataTail), value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        munmap((nint)_pages, PageSize + RingSize);
        _event.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, perf_event_attr* attributes, nint pid, nint cpu, nint group, nint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle fd, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);

#pragma warning disable CS8981 // A native name, verbatim.
    [StructLayout(LayoutKind.Sequential)]
    private struct perf_event_attr
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
