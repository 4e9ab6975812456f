using System.Diagnostics;
using System.Runtime.CompilerServices;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Following;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Recording;

namespace Calltap.Cli.Commands;

/// <summary>One run of <c>calltap record --follow</c>: all processes into one file.</summary>
sealed class TreeRecording(Terminal terminal) : TreeRun(terminal), IDisposable
{
    static readonly TimeSpan s_progress = TimeSpan.FromSeconds(1);

    readonly ConditionalWeakTable<FollowedProcess, Recorder> _recorders = [];
    FileStream? _file;
    TraceRecording? _recording;
    string _path = "";
    long _shown = Stopwatch.GetTimestamp();

    /// <summary>The trace file; null for a name made of the root's.</summary>
    public string? Output { get; init; }

    /// <summary>Largest file.</summary>
    public ByteSize MaxSize { get; init; }

    /// <inheritdoc/>
    protected override void Open(Pid root)
    {
        _path = Output ?? Recording.FileNameOf(root);
        _file = Recording.Create(_path);
        Terminal.Note($"writing {_path}");
        _recording = new TraceRecording(_file, root, new RecordOptions { MaxSize = MaxSize, Scope = ScopeText.OfTree(Scope) });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _recording?.Dispose();
        _file?.Dispose();
    }

    /// <inheritdoc/>
    protected override ArmReport? Begin(FollowedProcess process, FollowedProcess? before, bool forked)
    {
        Recorder? parent = before is null ? null : _recorders.TryGetValue(before, out Recorder? known) ? known : null;
        var recorder = new Recorder(process.Session!, _recording!, parent);
        _recorders.Add(process, recorder);
        return forked ? null : recorder.Add(Ops);
    }

    /// <inheritdoc/>
    protected override void End(FollowedProcess process)
    {
        if (!_recorders.TryGetValue(process, out Recorder? recorder)) return; // its beginning has failed
        if (recorder.Stop() is { Unrestored: > 0 }) Unrestored.Add(process.Pid);
    }

    /// <inheritdoc/>
    protected override ModuleReport? FollowModules(FollowedProcess process) =>
        _recorders.TryGetValue(process, out Recorder? recorder) ? recorder.FollowModules() : null;

    /// <inheritdoc/>
    protected override string? Tick(TimeSpan elapsed, ProgressLine progress)
    {
        if (Stopwatch.GetElapsedTime(_shown) >= s_progress)
        {
            _shown = Stopwatch.GetTimestamp();
            progress.Show(Recording.ProgressText(_recording!.Progress));
        }
        return _recording!.Ended switch
        {
            RecordStop.None => null,
            RecordStop.MaxSize => $"the file has reached {Texts.Size(MaxSize)}",
            _ => "the file could not be written",
        };
    }

    /// <inheritdoc/>
    protected override void Conclude(string why)
    {
        _recording!.Finish();
        string bytes = Unrestored.Count == 0 ? "all bytes restored and verified" : "not all bytes could be restored";
        Terminal.Log.WriteLine($"{_path}: {Processes}, {Recording.ProgressText(_recording.Progress)}; stopped: {why}; {bytes}");
        if (_recording.Failure is { } failure)
            throw CommandException.Failed($"{_path}: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}; what was written is readable");
    }
}
