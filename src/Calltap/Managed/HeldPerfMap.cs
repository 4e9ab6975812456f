using System.Collections.Concurrent;
using System.Diagnostics;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>
/// A perf map that is no file on a disk but served by this process: the thread that has compiled a method writes its line here before it calls the method, and goes on
/// when it is let go. In between the method is armed. (Other threads may find the code meanwhile.) That thread is in a system call, where the runtime's collector does not wait for it.
/// </summary>
/// <remarks>
/// The runtime writes one line at a time, under a lock: while one thread waits, no other method is published. So nobody waits for long, and all
/// together for no more than a part of the time (<see cref="HoldBudget"/>). When this process ends, the kernel ends every wait, and the runtime writes no more.
/// </remarks>
sealed class HeldPerfMap : IPerfMap
{
    // A program compiles most when it starts, and nobody waits for it yet.
    static readonly HoldBudget.Limits s_atStart = new(Once: TimeSpan.FromSeconds(3), InARow: TimeSpan.FromSeconds(6));
    static readonly HoldBudget.Limits s_running = new(Once: TimeSpan.FromMilliseconds(500), InARow: TimeSpan.FromSeconds(1));
    static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    static readonly TimeSpan s_ending = TimeSpan.FromSeconds(1);

    readonly SafeFileHandle _device, _root;
    readonly Pid _process;
    PerfMapMark? _mark; // of one that was asked for
    readonly uint _owner;
    readonly Thread _server;
    readonly Lock _gate = new();
    readonly List<(ulong Id, int Size, long Line, long Since)> _held = [];
    readonly ConcurrentQueue<(PerfMapLine Line, ulong Id)> _lines = new();
    readonly Utf8Lines _text = new();
    readonly HoldBudget _budget;
    volatile Func<string, bool>? _waits;
    volatile bool _over, _opened;
    bool _detached;
    long _told, _read; // lines
    int _heldOnes, _hurried;

    HeldPerfMap((SafeFileHandle Device, SafeFileHandle Root) mount, Pid process, uint owner, HoldBudget.Limits limits)
    {
        (_device, _root, _process, _owner, _budget) = (mount.Device, mount.Root, process, owner, new HoldBudget(limits));
        _server = new Thread(Serve) { IsBackground = true, Name = "calltap perf map" };
        _server.Start();
    }

    /// <inheritdoc/>
    public bool IsForeign => false;

    /// <inheritdoc/>
    public bool HasGrown => !_lines.IsEmpty;

    /// <inheritdoc/>
    public Func<string, bool>? Waits
    {
        set => _waits = value;
    }

    /// <inheritdoc/>
    public (int Held, int Hurried) Waited => (_heldOnes, _hurried);

    /// <summary>Serves one in the place of a file that does not exist yet, to a program that is about to be started.</summary>
    /// <param name="path">The file.</param>
    /// <param name="process">The program.</param>
    /// <returns>Null where the kernel does not allow it: then the file is one like any other.</returns>
    public static HeldPerfMap? TryServe(string path, Pid process) => TryMount(path, process, Credentials.EffectiveUser, s_atStart);

    /// <summary>Asks a runtime to write one; null where the kernel does not allow to serve it, or the runtime writes elsewhere.</summary>
    /// <exception cref="DiagnosticsException">The runtime does not answer.</exception>
    public static HeldPerfMap? TryEnable(TargetProcess target)
    {
        if (!HasMountsOfOurs(target.Pid)) return null;
        string path = Path.Combine(TemporaryFolder.Of(target.Pid), $"perf-{target.Pid}.map");
        FuseMount.DetachLeft(path[ProcFiles.Process(target.Pid, "root").Length..]);
        DiagnosticsSocket socket = DiagnosticsSocket.Find(target.Pid);
        uint owner = (uint)(target.ReadStatus(new Tid(target.Pid.Value))?.Uid ?? 0);
        if (TryMount(path, target.Pid, owner, s_running) is not { } map) return null;
        map._mark = PerfMapMark.TryPlace(target.Pid);
        try
        {
            socket.EnablePerfMap(PerfMapKind.PerfMap);
        }
        catch
        {
            map.Dispose();
            throw;
        }
        map.Detach();
        ModuleFiles.TryDelete(path);
        if (map._opened) return map;
        map._mark?.Leave();
        map.Stop(); // without a word to the runtime: it writes a file, which is looked for now
        return null;
    }

    /// <summary>Its place must be ours: a mount in another namespace is another's.</summary>
    static bool HasMountsOfOurs(Pid pid) =>
        ProcFiles.TryReadLink(ProcFiles.Process(pid, "ns/mnt")) is { } mounts && mounts == ProcFiles.TryReadLink("/proc/self/ns/mnt") && ProcFiles.TryReadLink(ProcFiles.Process(pid, "root")) == "/";

    static HeldPerfMap? TryMount(string path, Pid process, uint owner, HoldBudget.Limits limits)
    {
        using SafeFileHandle? under = Create(path);
        if (under is null) return null;
        if (FuseMount.TryMake(under) is { } mount) return new HeldPerfMap(mount, process, owner, limits);
        ModuleFiles.TryDelete(path);
        return null;
    }

    /// <summary>A new file: what is there already is of an earlier process of that number, or a trap.</summary>
    static SafeFileHandle? Create(string path)
    {
        try
        {
            ModuleFiles.TryDelete(path);
            using (new FileStream(path, FileMode.CreateNew)) { }
            return Descriptors.Open(path, Descriptors.O_PATH | Descriptors.O_NOFOLLOW) is { Ok: true } opened ? opened.Value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Takes it out of the names, once the runtime has it open.</summary>
    void Detach()
    {
        if (_detached) return;
        _detached = true;
        FuseMount.Detach(_root);
        _root.Dispose();
    }

    /// <inheritdoc/>
    public IReadOnlyList<PerfMapLine> ReadNew()
    {
        if (_opened) Detach();
        var lines = new List<PerfMapLine>();
        lock (_gate)
        {
            while (_lines.TryDequeue(out (PerfMapLine Line, ulong Id) told)) lines.Add(told.Line with { IsHeld = _held.Exists(held => held.Id == told.Id) });
            _read = _told;
        }
        return lines;
    }

    /// <inheritdoc/>
    public void Release()
    {
        lock (_gate)
            for (int i = _held.Count - 1; i >= 0; i--)
                if (_held[i].Line <= _read) LetGo(i);
    }

    void LetGo(int index)
    {
        (ulong id, int size, long _, long since) = _held[index];
        _held.RemoveAt(index);
        _budget.Spend(Stopwatch.GetElapsedTime(since));
        FuseMount.Write(_device, FuseRequest.Written(id, size));
    }

    // ---- the server ----

    void Serve()
    {
        var buffer = new byte[FuseRequest.MostWritten + 4096];
        bool over = false;
        while (!_over && !over)
        {
            int count = FuseMount.Read(_device, buffer, s_look, out over);
            if (count >= FuseRequest.HeaderSize) Answer(buffer.AsSpan(0, count));
            LetGoOld();
        }
        LetGoAll();
    }

    void Answer(ReadOnlySpan<byte> request)
    {
        switch (FuseRequest.OperationOf(request))
        {
            case FuseRequest.Operation.Write:
                Take(FuseRequest.IdOf(request), FuseRequest.WrittenBy(request));
                return;
            case FuseRequest.Operation.Open:
                _opened = true;
                break;
        }
        if (FuseRequest.Answer(request, _owner) is { } answer) FuseMount.Write(_device, answer);
    }

    void Take(ulong id, ReadOnlySpan<byte> written)
    {
        lock (_gate)
        {
            List<PerfMapLine> lines = [.. _text.Add(written).Select(PerfMapLine.Parse).OfType<PerfMapLine>()];
            foreach (PerfMapLine line in lines) _lines.Enqueue((line with { Told = Clock.Now() }, id));
            _told += lines.Count;
            bool waits = _waits is { } isWaitedFor && !_over && lines.Exists(line => isWaitedFor(line.Text));
            if (waits && _budget.Has)
            {
                _heldOnes++;
                _held.Add((id, written.Length, _told, Stopwatch.GetTimestamp()));
                return;
            }
            if (waits) _hurried++;
            FuseMount.Write(_device, FuseRequest.Written(id, written.Length));
        }
    }

    void LetGoOld()
    {
        lock (_gate)
            while (_held.Count > 0 && _budget.IsOver(_held[0].Since))
            {
                (_heldOnes, _hurried) = (_heldOnes - 1, _hurried + 1);
                LetGo(0);
            }
    }

    void LetGoAll()
    {
        lock (_gate)
            while (_held.Count > 0) LetGo(0);
    }

    /// <summary>Tells the runtime to end, which closes the file.</summary>
    public void Dispose()
    {
        if (_over) return;
        _waits = null;
        LetGoAll();
        Detach();
        if (_opened) PerfMap.EndServed(_process, _mark); // where it is stopped the kernel refuses what it writes afterwards
        else _mark?.Dispose();
        Stop();
    }

    void Stop()
    {
        _over = true;
        Detach();
        _server.Join(s_ending);
        _device.Dispose();
    }
}
