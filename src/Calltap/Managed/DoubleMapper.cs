using System.Globalization;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// The memory file (memfd) that holds compiled methods where no page may be written and executed (W^X, DOTNET_EnableWriteXorExecute, on by default): mapped
/// shared and r-x, so that /proc/PID/mem refuses to write there. Writes go to the file.
/// </summary>
static class DoubleMapper
{
    const string Name = "/memfd:doublemapper";

    /// <summary>
    /// The link in /proc to open it by. The runtime never closes it, but numbers differ. Null: none, since W^X is off, the process has ended, or it may not be read.
    /// </summary>
    public static string? Find(Pid pid)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(ProcFiles.Process(pid, "fd"))
                .OrderBy(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))
                .FirstOrDefault(path => ProcFiles.TryReadLink(path)?.StartsWith(Name, StringComparison.Ordinal) == true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
