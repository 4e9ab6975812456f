using Calltap.Target;

namespace Calltap.Managed;

/// <summary>The local sockets of a process's own network that have a name.</summary>
static class UnixSockets
{
    /// <summary>SS_CONNECTED, as /proc/net/unix writes it.</summary>
    public const string Connected = "03";

    const int State = 5, Name = 7; // columns

    /// <summary>Each with its state and its path, as it was bound; a file that no process listens on is none of them.</summary>
    public static IEnumerable<(string State, string Path)> Of(Pid pid) =>
        (ProcFiles.TryReadText(ProcFiles.Process(pid, "net/unix")) ?? "").Split('\n')
            .Select(line => line.Split(' ', Name + 1, StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields.Length > Name).Select(fields => (fields[State], fields[Name]));
}
