using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>
/// Tells where one thread is while it runs, without stopping it: by the thread's own clock, one sample of user code for each request, taken in a
/// timer's interrupt.
/// </summary>
internal sealed unsafe partial class PcSampler : IDisposable
{
    private const int PERF_COUNT_SW_TASK_CLOCK = 1;
    private const ulong PERF_SAMPLE_IP = 1, PERF_SAMPLE_REGS_USER = 1 << 12;
    private const ulong Disabled = 1, ExcludeKernel = 1 << 5, ExcludeHypervisor = 1 << 6;
    private const ulong StackPointerOnly = 1 << 7; // PERF_REG_X86_SP
    private const nuint PERF_EVENT_IOC_ENABLE = 0x2400, PERF_EVENT_IOC_REFRESH = 0x2402;
    private const int PERF_RECORD_SAMPLE = 9;
    private const int PageSize = 4096;
    private const int DataHead = 1024, DataTail = 1032; // struct perf_event_mmap_page
    private const int RecordSize = 32; // header; u64 ip, abi, sp (linux/perf_event.h)
    private const ulong PeriodNs = 20_000;

    private readonly SafeFileHandle _event;
    private readonly byte* _pages; // the control page and a ring of one

    private PcSampler(SafeFileHandle perfEvent, byte* pages)
    {
        _event = perfEvent;
        _pages = pages;
    }

    /// <inheritdoc cref="PerfEvent.Open"/>
    internal static SysResult<PcSampler?> Open(Tid tid)
    {
        SysResult<SafeFileHandle> opened = PerfEvent.Open(tid, new()
        {
            type = PerfEvent.Software,
            config = PERF_COUNT_SW_TASK_CLOCK,
            sample_period = PeriodNs,
            sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER,
            flags = Disabled | ExcludeKernel | ExcludeHypervisor,
            wakeup_events = 1,
            sample_regs_user = StackPointerOnly,
        });
        if (!opened.Ok) return new(null, opened.Errno);
        nint pages = mmap(0, 2 * PageSize, 3, 1, opened.Value, 0);
        Errno errno = SysResult.FromLibc(pages).Errno;
        if (errno == Errno.None) return new(new PcSampler(opened.Value, (byte*)pages), errno);
        opened.Value.Dispose();
        return new(null, errno);
    }

    /// <summary>Asks for one sample; what was sampled before is dropped.</summary>
    internal void Ask()
    {
        Tail = Head;
        PerfEvent.ioctl(_event, PERF_EVENT_IOC_REFRESH, 1);
    }

    /// <summary>
    /// Sees to it that what was asked for comes: the kernel ends a request a moment after its sample (an irq_work), and may so end the next one.
    /// </summary>
    internal void Insist() => PerfEvent.ioctl(_event, PERF_EVENT_IOC_ENABLE, 0);

    /// <summary>The sample, when the thread has run long enough since it was asked for.</summary>
    internal bool TryTake(out PcSample sample)
    {
        sample = default;
        bool found = false;
        Span<byte> record = stackalloc byte[RecordSize];
        for (ulong head = Head, tail = Tail; tail < head; Tail = tail)
        {
            Copy(tail, record[..8]);
            int type = BitConverter.ToInt32(record), size = BitConverter.ToUInt16(record[6..]);
            if (type == PERF_RECORD_SAMPLE && size == RecordSize) // shorter where it had no user registers
            {
                Copy(tail, record);
                sample = new PcSample(BitConverter.ToUInt64(record[8..]), BitConverter.ToUInt64(record[24..]));
                found = true;
            }
            tail += (ulong)Math.Max(size, 8);
        }
        return found;
    }

    private void Copy(ulong from, Span<byte> to)
    {
        for (int i = 0; i < to.Length; i++) to[i] = _pages[PageSize + (int)((from + (ulong)i) % PageSize)]; // SAFETY: inside the ring
    }

    private ulong Head => Volatile.Read(ref *(ulong*)(_pages + DataHead)); // pairs with the kernel's release of data_head

    private ulong Tail
    {
        get => *(ulong*)(_pages + DataTail);
        set => Volatile.Write(ref *(ulong*)(_pages + DataTail), value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        munmap((nint)_pages, 2 * PageSize);
        _event.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);
}
