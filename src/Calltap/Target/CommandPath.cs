using Calltap.Native;

namespace Calltap.Target;

/// <summary>Finds a command as execvp(3) does, so that a mistyped one is told before anything is started.</summary>
internal static class CommandPath
{
    /// <summary>The path of <paramref name="command"/>.</summary>
    /// <exception cref="AttachException">There is no such file, or it is not executable.</exception>
    internal static string Find(string command)
    {
        if (command.Contains('/', StringComparison.Ordinal))
            return Check(command, command);
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':');
        string? path = folders.Select(f => Path.Combine(f.Length == 0 ? "." : f, command)).FirstOrDefault(File.Exists);
        return path is not null
            ? Check(command, path)
            : throw AttachChecks.Refuse(AttachRefusal.CannotRun, $"cannot run '{command}': no such command in PATH");
    }

    private static string Check(string command, string path)
    {
        if (!File.Exists(path))
            throw AttachChecks.Refuse(AttachRefusal.CannotRun, $"cannot run '{command}': no such file");
        if (!Descriptors.MayExecute(path))
            throw AttachChecks.Refuse(AttachRefusal.CannotRun, $"cannot run '{command}': not executable (chmod +x?)");
        return path;
    }
}
