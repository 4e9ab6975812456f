using System.Text;
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

    readonly SafeFileHandle _file;
    readonly DiagnosticsSocket? _socket; // of one that is ours
    readonly string _path;
    readonly StringBuilder _partial = new();
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

    PerfMap(SafeFileHandle file, string path, DiagnosticsSocket? socket) => (_file, _path, _socket) = (file, path, socket);

    /// <summary>Opens one that is there already: it was asked for by the program's environment, or by another tool; null when there is none.</summary>
    public static PerfMap? Known(TargetProcess target) => TryOpen(target.Pid) is { } known ? new PerfMap(known.File, known.Path, null) : null;

    /// <summary>
    /// Asks for it. The runtime goes through all of its code then without keeping what it belongs to: one that unloads an assembly meanwhile may end.
    /// </summary>
    /// <exception cref="DiagnosticsException">The runtime does not answer, or writes none.</exception>
    public static PerfMap Enable(TargetProcess target)
    {
        DiagnosticsSocket socket = DiagnosticsSocket.Find(target.Pid);
        socket.EnablePerfMap(PerfMapKind.PerfMap);
        return TryOpen(target.Pid) is { } opened ? new PerfMap(opened.File, opened.Path, socket)
            : throw new DiagnosticsException($"the runtime of process {target.Pid} has made no perf map");
    }

    /// <summary>Ends one that a tracer has asked for which is gone. One that it served has no name any more.</summary>
    public static void EndLeft(Pid pid)
    {
        try
        {
            if (TryOpen(pid) is { } left) new PerfMap(left.File, left.Path, DiagnosticsSocket.Find(pid)).Dispose();
            else DiagnosticsSocket.Find(pid).DisablePerfMap();
        }
        catch (DiagnosticsException)
        {
            // No socket any more: the runtime can't be told.
        }
    }

    static (SafeFileHandle File, string Path)? TryOpen(Pid pid)
    {
        foreach (string descriptor in ProcFiles.Descriptors(pid))
        {
            string link = ProcFiles.TryReadLink(descriptor) ?? "", name = Path.GetFileName(link);
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
        var lines = new List<PerfMapLine>();
        MonotonicNs now = Clock.Now();
        byte[] bytes = new byte[(int)Math.Min(MostAtOnce, Math.Max(0, RandomAccess.GetLength(_file) - _read))];
        int count = RandomAccess.Read(_file, bytes, _read);
        _read += count;
        foreach (char c in Encoding.UTF8.GetString(bytes, 0, count))
        {
            if (c != '\n')
            {
                _partial.Append(c);
                continue;
            }
            if (PerfMapLine.Parse(_partial.ToString()) is { } line) lines.Add(line with { Told = now });
            _partial.Clear();
        }
        return lines;
    }

    /// <inheritdoc/>
    public void Release()
    {
    }

    /// <summary>Ends one of ours, and takes its file away.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_socket is null) return;
        try
        {
            _socket.DisablePerfMap();
        }
        catch (DiagnosticsException)
        {
            // The process has ended, or is stopped: then it writes some lines more into a file that is gone.
        }
        ModuleFiles.TryDelete(_path);
    }
}
