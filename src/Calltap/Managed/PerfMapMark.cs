using Calltap.Modules;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// A file in a process's folder for temporary ones that says: its perf map was asked for by Calltap. It is there before the runtime is asked, and locked as long as who has asked lives.
/// One that is not locked was left by a tracer that was killed: then the map is nobody's.
/// </summary>
sealed class PerfMapMark : IDisposable
{
    readonly HeldFolder _folder;
    readonly string _name;
    readonly FileStream _file;

    PerfMapMark(HeldFolder folder, string name, FileStream file) => (_folder, _name, _file) = (folder, name, file);

    /// <summary>Says that a process's perf map is this one's; null where that can't be written, or another says so.</summary>
    public static PerfMapMark? TryPlace(Pid pid) => TryOpen(pid, FileMode.CreateNew) ?? TryTake(pid);

    /// <summary>Takes over what a killed tracer has left; null when there is nothing, or who has asked lives.</summary>
    public static PerfMapMark? TryTake(Pid pid) => TryOpen(pid, FileMode.Open);

    static PerfMapMark? TryOpen(Pid pid, FileMode mode)
    {
        if (ProcStatus.TryRead(ProcFiles.Process(pid, "status")) is not { } status || HeldFolder.TryOpen(TemporaryFolder.Of(pid)) is not { } folder) return null;
        string name = $"calltap-perf-map-{status.NamespaceId}-{ProcFiles.StartTime(pid)}"; // another process of this number has begun at another time
        try
        {
            return new PerfMapMark(folder, name, new FileStream(folder.File(name), mode, FileAccess.ReadWrite, FileShare.None)); // flock
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            folder.Dispose();
            return null;
        }
    }

    /// <summary>Leaves it there: the runtime was asked, and has not answered.</summary>
    public void Leave()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    /// <summary>Takes it away: the map has ended.</summary>
    public void Dispose()
    {
        ModuleFiles.TryDelete(_folder.File(_name));
        Leave();
    }
}
