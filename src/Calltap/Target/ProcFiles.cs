using System.Globalization;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// Reads small files of /proc whole. A file that is gone, or may not be read, is null: processes end at any time. What can't be opened because there are too many
/// files open already tells nothing: <see cref="AttachChecks.OutOfFiles"/> is thrown.
/// </summary>
internal static class ProcFiles
{
    internal static string Process(Pid pid, string file) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid.Value}/{file}");

    internal static string Thread(Pid pid, Tid tid, string file) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/{pid.Value}/task/{tid.Value}/{file}");

    internal static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AttachChecks.RefuseIfOutOfFiles((Errno)e.HResult);
            return null;
        }
    }

    internal static byte[]? TryReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AttachChecks.RefuseIfOutOfFiles((Errno)e.HResult);
            return null;
        }
    }

    internal static string? TryReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AttachChecks.RefuseIfOutOfFiles((Errno)e.HResult);
            return null;
        }
    }

    /// <summary>
    /// The threads of a process, listed until a pass brings nothing new; empty when it is gone. All that any pass has shown: the kernel ends one early
    /// where the thread at its cursor is reaped.
    /// </summary>
    internal static string[] Descriptors(Pid pid)
    {
        try
        {
            return Directory.GetFileSystemEntries(Process(pid, "fd"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>All processes that there are.</summary>
    internal static IEnumerable<Pid> Processes() =>
        Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0).Where(pid => pid > 0).Select(pid => new Pid(pid));

    internal static IReadOnlyList<Tid> Threads(Pid pid)
    {
        HashSet<int> known = [];
        int[] listed = TaskNames(pid), before = [];
        while (!known.IsSupersetOf(listed) || listed.Length < before.Length)
        {
            known.UnionWith(listed);
            (before, listed) = (listed, TaskNames(pid));
        }

        return [.. known.Order().Select(id => new Tid(id))];
    }

    /// <summary>The children that a thread has made, as the kernel lists them (CONFIG_PROC_CHILDREN; empty without).</summary>
    internal static IEnumerable<Tid> Children(Pid pid, Tid thread)
    {
        foreach (string word in (TryReadText(Thread(pid, thread, "children")) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int child)) yield return new Tid(child);
    }

    private static int[] TaskNames(Pid pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(Process(pid, "task")).Select(p => int.Parse(Path.GetFileName(p), CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AttachChecks.RefuseIfOutOfFiles((Errno)e.HResult);
            return [];
        }
    }

    /// <summary>When a process was started, in ticks: field 22 of /proc/PID/stat; the second is a name in parentheses that may hold anything.</summary>
    internal static string? StartTime(Pid pid)
    {
        string stat = TryReadText(Process(pid, "stat")) ?? "";
        return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(19);
    }
}
