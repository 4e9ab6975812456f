using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>Describes the machine and the target for a trace file's header.</summary>
static class Machine
{
    public static SessionRecord Describe(Pid target, string scope) => new()
    {
        Machine = Environment.MachineName,
        CpuModel = CpuModel(),
        Kernel = ProcFiles.TryReadText("/proc/sys/kernel/osrelease")?.Trim() ?? "",
        Target = target,
        CommandLine = CommandLineOf(target),
        StartedUnixNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100,
        Scope = scope,
        Tool = $"calltap {typeof(Machine).Assembly.GetName().Version?.ToString(3)}",
    };

    /// <summary>Describes a process for the file.</summary>
    public static ProcessRecord Describe(TargetProcess target, int id, int parent, TscTime now) =>
        new(id, target.Pid, parent, now, target.Name, CommandLineOf(target.Pid));

    static string CommandLineOf(Pid process) => (ProcFiles.TryReadText(ProcFiles.Process(process, "cmdline")) ?? "").Replace('\0', ' ').Trim();

    static string CpuModel()
    {
        foreach (string line in (ProcFiles.TryReadText("/proc/cpuinfo") ?? "").Split('\n'))
            if (line.StartsWith("model name", StringComparison.Ordinal)) return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return "";
    }
}
