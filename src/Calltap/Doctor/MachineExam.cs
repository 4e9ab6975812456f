using System.Globalization;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>What this machine allows the user who asks. Only read, but for a child of our own that is written to.</summary>
public static class MachineExam
{
    const int CapSysPtrace = 19, CapPerfmon = 38, CapSysAdmin = 21;
    const int SyncCoreCommands = (1 << 5) | (1 << 6); // MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE and its registration (linux/membarrier.h)
    const long ScarceMemory = 256L << 20;
    static readonly string[] s_clockFlags = ["tsc", "constant_tsc"];

    /// <summary>Looks at everything.</summary>
    public static IReadOnlyList<Finding> Examine()
    {
        ProcStatus self = ProcStatus.Parse(ProcFiles.TryReadText("/proc/self/status") ?? "");
        return [Kernel(), Rights(self), Yama(self), MemoryWrites.Examine(), CoreSync(), MappingQueries(), Sampling(self), Clock(), Uprobes(), Memory()];
    }

    static Finding Kernel()
    {
        string release = ProcFiles.TryReadText("/proc/sys/kernel/osrelease")?.Trim() ?? "";
        string[] parts = release.Split('.', '-');
        bool known = parts.Length >= 2 & Version.TryParse($"{parts[0]}.{parts.ElementAtOrDefault(1)}", out Version? version);
        return known && version! < new Version(5, 9)
            ? new Finding("kernel", FindingState.Refused, $"Linux {release} has no close_range(CLOSE_RANGE_UNSHARE), which Linux has since 5.9", "use a newer kernel")
            : Finding.Ok("kernel", $"Linux {release}");
    }

    static Finding Rights(ProcStatus self) => self.Has(CapSysPtrace)
        ? Finding.Ok("rights", $"user {self.Uid} with CAP_SYS_PTRACE: any process of this user namespace")
        : Finding.Limited("rights", $"user {self.Uid} without CAP_SYS_PTRACE: only processes of that user", "run calltap as root for others");

    static Finding Yama(ProcStatus self)
    {
        if (AttachChecks.PtraceScope() is not { } scope) return Finding.Absent("yama");
        bool allowed = scope == "0" || (scope is "1" or "2" && self.Has(CapSysPtrace));
        return allowed ? Finding.Ok("yama", $"kernel.yama.ptrace_scope is {scope}") : Finding.Of("yama", () => throw AttachChecks.RefuseByYama(scope)) with
        {
            State = scope == "1" ? FindingState.Limited : FindingState.Refused,
        };
    }

    static Finding CoreSync()
    {
        SysResult<int> commands = SystemCall.MembarrierCommands();
        return commands.Ok && (commands.Value & SyncCoreCommands) == SyncCoreCommands
            ? Finding.Ok("core sync", "membarrier has PRIVATE_EXPEDITED_SYNC_CORE")
            : new Finding("core sync", FindingState.Refused, $"membarrier has no PRIVATE_EXPEDITED_SYNC_CORE ({(commands.Ok ? $"commands 0x{commands.Value:x}" : commands.Errno)})", "use a kernel of 4.16 or later");
    }

    static Finding MappingQueries()
    {
        SysResult<Microsoft.Win32.SafeHandles.SafeFileHandle> maps = Descriptors.Open("/proc/self/maps", Descriptors.O_RDONLY);
        using (maps.Value)
            return maps.Ok && MappingQuery.At(maps.Value, 0).Errno != Errno.ENOTTY
                ? Finding.Ok("mapping queries", "PROCMAP_QUERY")
                : Finding.Limited("mapping queries", "no PROCMAP_QUERY: a module that is unmapped while a window changes it is noticed only after a write has failed", "use a kernel of 6.11 or later");
    }

    static Finding Sampling(ProcStatus self)
    {
        if (ProcFiles.TryReadText("/proc/sys/kernel/perf_event_paranoid")?.Trim() is not { } paranoid) return Finding.Absent("sampling");
        bool allowed = self.Has(CapPerfmon) || self.Has(CapSysAdmin) || (int.TryParse(paranoid, CultureInfo.InvariantCulture, out int level) && level <= 2);
        return allowed
            ? Finding.Ok("sampling", $"kernel.perf_event_paranoid is {paranoid}")
            : Finding.Limited("sampling", $"kernel.perf_event_paranoid is {paranoid}: --no-ptrace is refused", "run calltap as root, or `sysctl kernel.perf_event_paranoid=2`");
    }

    static Finding Clock()
    {
        string flags = (ProcFiles.TryReadText("/proc/cpuinfo") ?? "").Split('\n').FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        string[] missing = [.. s_clockFlags.Except(flags.Split(' ', ':', '\t'))];
        string source = ProcFiles.TryReadText("/sys/devices/system/clocksource/clocksource0/current_clocksource")?.Trim() ?? "not told";
        return missing.Length == 0
            ? Finding.Ok("clock", $"constant_tsc; the kernel's clock source is {source}")
            : Finding.Limited("clock", $"the CPU does not tell of {string.Join(" and ", missing)} (clock source: {source}): times may be wrong");
    }

    static Finding Uprobes()
    {
        string? events = ProcFiles.TryReadText("/sys/kernel/tracing/uprobe_events") ?? ProcFiles.TryReadText("/sys/kernel/debug/tracing/uprobe_events");
        if (events is null) return Finding.Absent("uprobes");
        int count = events.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        return count == 0
            ? Finding.Ok("uprobes", "none in uprobe_events (those of BPF links are not listed there)")
            : Finding.Limited("uprobes", $"{count} in uprobe_events: one that is set on an armed entry ends the target", "remove them first");
    }

    static Finding Memory()
    {
        if (ProcMeminfo.Available() is not { } available) return Finding.Absent("memory");
        return available >= ScarceMemory
            ? Finding.Ok("memory", $"{available >> 20} MiB available")
            : Finding.Limited("memory", $"{available >> 20} MiB available: a session of a busy program may take more", "end what needs memory");
    }
}
