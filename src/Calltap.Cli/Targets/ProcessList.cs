using System.Globalization;
using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>The processes of this machine, read from /proc; those that end meanwhile are left out.</summary>
static class ProcessList
{
    /// <summary>All but this one, by pid.</summary>
    public static IEnumerable<ProcessEntry> Read()
    {
        Dictionary<string, string> users = Users();
        return Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId)
            .Order()
            .Select(pid => Entry(new Pid(pid), users))
            .OfType<ProcessEntry>();
    }

    /// <summary>The one process of this name.</summary>
    /// <exception cref="CommandException">There is none, or more than one.</exception>
    public static Pid Find(string name)
    {
        List<ProcessEntry> found = [.. Read().Where(p => p.Name == name || p.Executable == name)];
        return found.Count switch
        {
            1 => found[0].Pid,
            0 => throw CommandException.Failed($"no process is called '{name}': see `calltap ps`"),
            _ => throw CommandException.Failed($"{found.Count} processes are called '{name}': choose one by -p: {string.Join(", ", found.Select(p => p.Pid))}"),
        };
    }

    static ProcessEntry? Entry(Pid pid, Dictionary<string, string> users)
    {
        if (TryRead($"/proc/{pid}/status") is not { Length: > 0 } text) return null;
        ProcStatus status = ProcStatus.Parse(text);
        string uid = status.Uid.ToString(CultureInfo.InvariantCulture);
        string commandLine = (TryRead($"/proc/{pid}/cmdline") ?? "").Replace('\0', ' ').Trim();
        return new ProcessEntry(pid, users.GetValueOrDefault(uid, uid), ThreadsOf(text), status.Name, commandLine, Executable(pid));
    }

    static int ThreadsOf(string status)
    {
        string? line = status.Split('\n').FirstOrDefault(line => line.StartsWith("Threads:", StringComparison.Ordinal));
        return int.TryParse(line?["Threads:".Length..], out int threads) ? threads : 0;
    }

    static string Executable(Pid pid)
    {
        try
        {
            return Path.GetFileName(new FileInfo($"/proc/{pid}/exe").LinkTarget ?? "").Replace(" (deleted)", "", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Names by uid; only those in the file, since asking a directory service may take seconds.</summary>
    static Dictionary<string, string> Users()
    {
        var users = new Dictionary<string, string>();
        foreach (string line in (TryRead("/etc/passwd") ?? "").Split('\n'))
            if (line.Split(':') is [{ } name, _, { } uid, ..]) users.TryAdd(uid, name);
        return users;
    }

    static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
