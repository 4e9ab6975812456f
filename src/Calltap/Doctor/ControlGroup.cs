using System.Globalization;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>The memory controller of cgroup version 2 (Documentation/admin-guide/cgroup-v2.rst).</summary>
static class ControlGroup
{
    const string Root = "/sys/fs/cgroup";

    /// <summary>Bytes that a process's group and those above it have left; <see cref="long.MaxValue"/> without a limit, null where it can't be told.</summary>
    public static long? MemoryLeft(Pid pid)
    {
        string? line = (ProcFiles.TryReadText(ProcFiles.Process(pid, "cgroup")) ?? "").Split('\n').FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal));
        if (line is null || !File.Exists($"{Root}/cgroup.controllers")) return null;
        long left = long.MaxValue;
        for (string path = line["0::".Length..].TrimEnd('/'); path.Length > 0; path = path[..path.LastIndexOf('/')])
            if (Number($"{Root}{path}/memory.max") is { } most && Number($"{Root}{path}/memory.current") is { } used) left = Math.Min(left, Math.Max(0, most - used));
        return left;
    }

    static long? Number(string file) =>
        long.TryParse(ProcFiles.TryReadText(file)?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
