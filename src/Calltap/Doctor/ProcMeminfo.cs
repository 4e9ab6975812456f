using System.Globalization;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>/proc/meminfo (proc_meminfo(5)).</summary>
static class ProcMeminfo
{
    /// <summary>Bytes that can be had without swapping; null where the file does not tell.</summary>
    public static long? Available()
    {
        const string Field = "MemAvailable:";
        string? line = (ProcFiles.TryReadText("/proc/meminfo") ?? "").Split('\n').FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return line?[Field.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [{ } number, ..] && long.TryParse(number, CultureInfo.InvariantCulture, out long kilobytes)
            ? kilobytes * 1024
            : null;
    }
}
