using Calltap.Native;

namespace Calltap.Target;

/// <summary>Another program of the tool, which takes the place of this one: same process, files, terminal, signals and exit code.</summary>
public static class OtherProgram
{
    /// <summary>Has this process become <paramref name="path"/>; <paramref name="arguments"/> are those behind its name. Does not return.</summary>
    /// <exception cref="IOException">It can't be run.</exception>
    public static void Become(string path, IReadOnlyList<string> arguments)
    {
        DeleteOwnSocket();
        Errno error = Exec.Become(path, [path, .. arguments]);
        throw new IOException($"cannot run {path}: {error}");
    }

    // The diagnostics socket of this process's runtime, which deletes it when it ends: it doesn't. The other program's runtime would find its own name taken.
    private static void DeleteOwnSocket()
    {
        foreach (string socket in Directory.EnumerateFiles(Path.GetTempPath(), $"dotnet-diagnostic-{Environment.ProcessId}-*-socket"))
            File.Delete(socket);
    }
}
