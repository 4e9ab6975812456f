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
}
