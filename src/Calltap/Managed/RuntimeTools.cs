using System.Text;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>What else looks at a .NET runtime: debuggers, profilers, listeners of its events. A few files are read.</summary>
static class RuntimeTools
{
    const string DebuggerPipe = "clr-debug-pipe-", ProfilerEntry = "DllGetClassObject";
    const string IsAsked = "CORECLR_ENABLE_PROFILING=", ProfilerPath = "CORECLR_PROFILER_PATH";

    /// <summary>
    /// Whether a .NET debugger is connected: the runtime opens its two pipes when one has opened the other ends, and keeps them when that is gone, so that the other end counts too. A debugger
    /// of another user is not seen.
    /// </summary>
    public static bool IsDebugged(Pid pid)
    {
        HashSet<string> pipes = [.. Pipes(pid)];
        return pipes.Count > 0 && ProcFiles.Processes().Any(other => other != pid && Pipes(other).Any(pipes.Contains));
    }

    static IEnumerable<string> Pipes(Pid pid) =>
        ProcFiles.Descriptors(pid).Select(descriptor => Path.GetFileName(ProcFiles.TryReadLink(descriptor) ?? "")).Where(name => name.StartsWith(DebuggerPipe, StringComparison.Ordinal));

    /// <summary>
    /// The library of a profiler in a process, by whichever way it has come: one beside the runtime's own that exports the entry of profilers. Null when there is none.
    /// </summary>
    public static string? LoadedProfiler(Pid pid, IReadOnlyList<MemoryMapping> mappings)
    {
        string? own = Path.GetDirectoryName(mappings.FirstOrDefault(m => Path.GetFileName(m.Path) == "libcoreclr.so")?.Path);
        return mappings.Where(m => m is { IsFile: true, IsExecutable: true } && Path.GetFileName(m.Path).Contains(".so", StringComparison.Ordinal) && Path.GetDirectoryName(m.Path) != own)
            .Select(m => m.Path).Distinct().FirstOrDefault(path => DynamicStrings.Contain(ProcFiles.Process(pid, "root") + path, ProfilerEntry));
    }

    /// <summary>The profiler that a process's environment asks for; null when it asks for none. Empty when it names none.</summary>
    public static string? AskedProfiler(Pid pid)
    {
        string[] environment = Encoding.UTF8.GetString(ProcFiles.TryReadBytes(ProcFiles.Process(pid, "environ")) ?? []).Split('\0');
        if (!environment.Any(entry => entry.StartsWith(IsAsked, StringComparison.Ordinal) && entry[IsAsked.Length..].TrimStart('0') == "1")) return null;
        return environment.FirstOrDefault(entry => entry.StartsWith(ProfilerPath, StringComparison.Ordinal)) is { } path ? path[(path.IndexOf('=', StringComparison.Ordinal) + 1)..] : "";
    }

    /// <summary>
    /// How many are connected to a runtime's diagnostics socket: listeners of its events (dotnet-trace, dotnet-counters, dotnet-monitor) stay so, commands end at once. Read in its own network.
    /// </summary>
    public static int Listeners(Pid pid)
    {
        int? id = ProcStatus.TryRead(ProcFiles.Process(pid, "status"))?.NamespaceId;
        string socket = $"/dotnet-diagnostic-{id}-{ProcFiles.StartTime(pid)}-socket";
        return UnixSockets.Of(pid).Count(s => s.State == UnixSockets.Connected && s.Path.EndsWith(socket, StringComparison.Ordinal));
    }
}
