namespace Calltap.LiveTests.Programs;

/// <summary>Looks programs up on the path.</summary>
static class InstalledPrograms
{
    /// <summary>The path of a program, its symbolic links followed; null when it is not installed.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, name))
        .Where(File.Exists)
        .Select(path => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)
        .FirstOrDefault();

    /// <summary>The newest file that a path with wildcards in it names, one in its name or one for a folder; null when there is none.</summary>
    public static string? Matching(string pattern)
    {
        string[] parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> found = ["/"];
        foreach (string part in parts)
            found = found.SelectMany(folder => part.Contains('*', StringComparison.Ordinal) ? Directory.GetFileSystemEntries(folder, part) : [Path.Combine(folder, part)])
                .Where(Path.Exists).ToList();
        return found.OrderDescending(StringComparer.Ordinal).FirstOrDefault();
    }
}
