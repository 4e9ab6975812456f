using Calltap.Modules;
using Calltap.Native;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>
/// The file into which a .NET runtime writes a line for each method that it has compiled, and for each that it compiles from then on, before that is called first. One that is
/// written already is read; else it is asked for, and goes when this is disposed.
/// </summary>
sealed class PerfMap : IPerfMap
{
    const int MostAtOnce = 4 << 20;
    const string Deleted = " (deleted)"; // the kernel's mark

    readonly SafeFileHandle _file;
    readonly DiagnosticsSocket? _socket; // of one that is ours
    readonly PerfMapMark? _mark; // the same
    readonly HeldFolder? _folder;
    readonly string _name;
    readonly Utf8Lines _lines = new();
    long _read;

    /// <summary>Whether it was there already: by the program's environment, or another tool.</summary>
    public bool IsForeign => _socket is null;

    /// <inheritdoc/>
    public Func<string, bool>? Waits
    {
        set { } // who writes into a file waits for nobody
    }

    /// <inheritdoc/>
    public (int Held, int Hurried) Waited => default;

    PerfMap(SafeFileHandle file, string path, DiagnosticsSocket? socket, PerfMapMark? mark)
    {
        (_file, _socket, _mark, _name) = (file, socket, mark, Path.GetFileName(path));
        _folder = HeldFolder.TryOpen(Path.GetDirectoryName(path) ?? "/");
    }

    /// <summary>
    /// Opens one that is there already: it was asked for by the program's environment, or by another tool; null when there is none. What a tracer of ours had asked for that was killed
    /// becomes this one's.
    /// </summary>
    public static PerfMap? Known(TargetProcess target)
    {
        if (TryOpen(target.Pid) is not { } known) return null;
        PerfMapMark? left = PerfMapMark.TryTake(target.Pid);
        return new PerfMap(known.File, known.Path, left is null ? null : TryFind(target.Pid), left);
    }

    /// <summary>Whether one is written already.</summary>
    public static bool IsWritten(Pid pid)
    {
        if (TryOpen(pid) is not { } known) return false;
        known.File.Dispose();
        return true;
    }

    /// <summary>
    /// Asks for it. The runtime goes through all of its code then without keeping what it belongs to: one that unloads an assembly meanwhile may end.
    /// </summary>
    /// <exception cref="DiagnosticsException">The runtime does not answer, or writes none.</exception>
    public static PerfMap Enable(TargetProcess target)
    {
        DiagnosticsSocket socket = DiagnosticsSocket.Find(target.Pid);
        PerfMapMark? mark = PerfMapMark.TryPlace(target.Pid);
        try
        {
            socket.EnablePerfMap(PerfMapKind.PerfMap);
            return TryOpen(target.Pid) is { } opened ? new PerfMap(opened.File, opened.Path, socket, mark)
                : throw new DiagnosticsException($"the runtime of process {target.Pid} has made no perf map");
        }
        catch (DiagnosticsException e) when (e.Code != 0)
        {
            mark?.Dispose(); // it was refused
            throw;
        }
        catch
        {
            mark?.Leave(); // it may come yet
            throw;
        }
    }

    /// <summary>Ends one that a tracer has asked for which is gone. One that it served has no name any more.</summary>
    public static void EndLeft(Pid pid)
    {
        PerfMapMark? mark = PerfMapMark.TryTake(pid);
        if (TryOpen(pid) is { } left) new PerfMap(left.File, left.Path, TryFind(pid), mark).Dispose();
        else EndServed(pid, mark);
    }

    /// <summary>Ends one that a tracer has served which was killed. It has no name: only the mark says that it is there.</summary>
    public static void EndServed(Pid pid)
    {
        if (!IsWritten(pid) && PerfMapMark.TryTake(pid) is { } mark) EndServed(pid, mark);
    }

    /// <summary>The same, with the mark.</summary>
    public static void EndServed(Pid pid, PerfMapMark? mark)
    {
        if (TryFind(pid) is { } socket) End(socket, mark);
        else mark?.Dispose();
    }

    /// <summary>Null when the runtime can't be told any more.</summary>
    static DiagnosticsSocket? TryFind(Pid pid)
    {
        try
        {
            return DiagnosticsSocket.Find(pid);
        }
        catch (DiagnosticsException)
        {
            return null;
        }
    }

    static (SafeFileHandle File, string Path)? TryOpen(Pid pid)
    {
        foreach (string descriptor in ProcFiles.Descriptors(pid))
        {
            string link = (ProcFiles.TryReadLink(descriptor) ?? "").Replace(Deleted, "", StringComparison.Ordinal), name = Path.GetFileName(link);
            if (!name.StartsWith("perf-", StringComparison.Ordinal) || !name.EndsWith(".map", StringComparison.Ordinal)) continue;
            SysResult<SafeFileHandle> file = Descriptors.Open(descriptor, Descriptors.O_RDONLY);
            if (file.Ok) return (file.Value, ProcFiles.Process(pid, "root") + link);
        }
        return null;
    }

    /// <summary>Whether there are lines that were not read yet.</summary>
    public bool HasGrown => RandomAccess.GetLength(_file) > _read;

    /// <summary>Reads the lines that have come since.</summary>
    public IReadOnlyList<PerfMapLine> ReadNew()
    {
        MonotonicNs now = Clock.Now();
        byte[] bytes = new byte[(int)Math.Min(MostAtOnce, Math.Max(0, RandomAccess.GetLength(_file) - _read))];
        int count = RandomAccess.Read(_file, bytes, _read);
        _read += count;
        return [.. _lines.Add(bytes.AsSpan(0, count)).Select(PerfMapLine.Parse).OfType<PerfMapLine>().Select(line => line with { Told = now })];
    }

    /// <inheritdoc/>
    public void Release()
    {
    }

    /// <summary>Ends one of ours, and takes its file away, also when the process has ended.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_socket is not null && _folder is not null) ModuleFiles.TryDelete(_folder.File(_name));
        if (_socket is not null) End(_socket, _mark);
        else _mark?.Leave();
        _folder?.Dispose();
    }

    static void End(DiagnosticsSocket socket, PerfMapMark? mark)
    {
        try
        {
            socket.DisablePerfMap();
            mark?.Dispose();
        }
        catch (DiagnosticsException) when (socket.IsThere)
        {
            mark?.Leave(); // stopped: it writes on into a file that is gone, until the next of us ends that
        }
        catch (DiagnosticsException)
        {
            mark?.Dispose(); // the process has ended
        }
    }
}
