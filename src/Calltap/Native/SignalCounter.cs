using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>
/// Counts the signals that one thread takes, breakpoints left out: between two equal counts no other handler's frame has come onto its stack. By the
/// tracepoint signal:signal_deliver (include/trace/events/signal.h), which the kernel passes for each.
/// </summary>
internal sealed unsafe partial class SignalCounter : IDisposable
{
    private static readonly string[] s_folders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    private static readonly Lazy<long> s_tracepoint = new(FindTracepoint);

    private readonly SafeFileHandle _event;

    private SignalCounter(SafeFileHandle perfEvent) => _event = perfEvent;

    /// <summary>Null where the tracepoint can't be used: no tracefs is mounted, or the right is missing (CAP_PERFMON).</summary>
    internal static SignalCounter? TryOpen(Tid tid)
    {
        if (s_tracepoint.Value < 0) return null;
        SysResult<SafeFileHandle> opened = PerfEvent.Open(tid, new() { type = PerfEvent.Tracepoint, config = (ulong)s_tracepoint.Value });
        if (opened.Ok && PerfEvent.SetFilter(opened.Value, $"sig != {Signals.SIGTRAP} || code != {siginfo_t.SI_KERNEL}").Ok) return new SignalCounter(opened.Value);
        opened.Value.Dispose();
        return null;
    }

    /// <summary>The count.</summary>
    internal long Read()
    {
        long count = 0;
        SysResult.FromLibc(read(_event, &count, sizeof(long))).OrThrow("read of a perf event");
        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle fd, long* buf, nuint count);

    private static long FindTracepoint()
    {
        foreach (string folder in s_folders)
            if (ReadId(folder) is { } id) return id;
        using SafeFileHandle? unmounted = DetachedMount.TryMake("tracefs");
        return unmounted is null ? -1 : ReadId($"/proc/self/fd/{unmounted.DangerousGetHandle()}") ?? -1;
    }

    private static long? ReadId(string folder) =>
        Target.ProcFiles.TryReadText($"{folder}/events/signal/signal_deliver/id") is { } text
            && long.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : null;
}
