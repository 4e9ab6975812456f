using System.Text;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>Where a process keeps temporary files, as this one sees it.</summary>
static class TemporaryFolder
{
    const string Variable = "TMPDIR=";

    /// <summary>TMPDIR of the environment it was started with, or /tmp; in its own mounts.</summary>
    public static string Of(Pid pid)
    {
        byte[] environment = ProcFiles.TryReadBytes(ProcFiles.Process(pid, "environ")) ?? [];
        string folder = Encoding.UTF8.GetString(environment).Split('\0').FirstOrDefault(entry => entry.StartsWith(Variable, StringComparison.Ordinal))?[Variable.Length..] ?? "";
        if (!folder.StartsWith('/')) folder = "/tmp";
        return $"{ProcFiles.Process(pid, "root")}{folder.TrimEnd('/')}";
    }
}
