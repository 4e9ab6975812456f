using System.Diagnostics;
using Calltap.Following;
using Calltap.LiveTests.Engine;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Following;

/// <summary>Records a tree of processes into memory, as the tool does into a file.</summary>
sealed class TreeRecorder : IProcessTracing, IDisposable
{
    readonly Dictionary<FollowedProcess, Recorder> _recorders = [];
    readonly IReadOnlyList<Op> _ops;
    readonly MemoryStream _file = new();
    TraceRecording? _recording;

    public TreeRecorder(bool callsNotRepeated = false, FunctionScope scope = FunctionScope.Executable, IReadOnlyList<string>? functions = null)
    {
        _ops = [new Op(OpKind.Graph, FunctionFilter.Parse(functions ?? ["tree_*"], []), "tree")];
        Follower = new ProcessFollower(new FollowOptions { Scope = scope, Filters = [], Ops = _ops, CallsNotRepeated = callsNotRepeated }, this);
    }

    public ProcessFollower Follower { get; }

    /// <summary>Why processes were not traced.</summary>
    public List<string> NotTraced { get; } = [];

    /// <summary>How often modules that had come were armed.</summary>
    public int ModulesArmed { get; private set; }

    /// <summary>Why some were not.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Programs traced so far, and those of them that were forked.</summary>
    public (int All, int Forked) Began { get; private set; }

    /// <summary>Told of each process whose session has ended while it lives, with its restored text.</summary>
    public Action<FollowedProcess>? Restored { get; init; }

    public void Start(Pid process)
    {
        _recording = new TraceRecording(_file, process, new RecordOptions());
        Follower.Start(process);
    }

    public void Start(TargetLauncher launcher)
    {
        _recording = new TraceRecording(_file, launcher.Pid, new RecordOptions());
        Follower.Start(launcher);
    }

    /// <summary>Follows until nobody is left, or it is over.</summary>
    public void Serve(Func<bool>? isOver = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Follower.IsOver && isOver?.Invoke() != true)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < 3 * EngineTests.Patience, $"{Follower.Processes.Count} processes are left");
            foreach (FollowedProcess process in Follower.Processes.Where(process => process.Session is { FollowsModules: true }).ToList()) FollowModules(process);
            Follower.Wait(TimeSpan.FromMilliseconds(_recorders.Count > 0 && _recorders.Keys.Any(process => process.Session!.FollowsModules) ? 1 : 10));
            Follower.Serve();
        }
    }

    void FollowModules(FollowedProcess process)
    {
        try
        {
            if (!Follower.Processes.Contains(process) || _recorders[process].FollowModules() is not { } report) return; // it has ended while another was armed
            if (report.Arming is { } arming) ModulesArmed++;
            if (report.Failure is { } failure) Failures.Add(failure);
        }
        catch (AttachException e) when (e.Reason == AttachRefusal.TargetEnded)
        {
            // It is told as ended.
        }
    }

    /// <summary>Stops following; what was recorded.</summary>
    public RecordedCalls Stop()
    {
        Follower.Stop();
        _recording!.Finish();
        Assert.Null(_recording.Failure);
        return RecordedCalls.Read(_file);
    }

    public void Dispose()
    {
        Follower.Dispose();
        _recording?.Dispose();
    }

    void IProcessTracing.Began(FollowedProcess process, FollowedProcess? before, bool forked)
    {
        Began = (Began.All + 1, Began.Forked + (forked ? 1 : 0));
        var recorder = new Recorder(process.Session!, _recording!, before is null ? null : _recorders.GetValueOrDefault(before));
        _recorders.Add(process, recorder);
        if (forked) return;
        ArmReport report = recorder.Add(_ops);
        Assert.Empty(report.Refused.Select(refused => refused.Reason));
        Assert.InRange(report.Armed, 2, 3); // with a library that is there
    }

    void IProcessTracing.Ended(FollowedProcess process)
    {
        ArmReport? report = _recorders[process].Stop();
        Assert.Equal(0, report?.Unrestored ?? 0);
        if (report is not null) Restored?.Invoke(process);
    }

    void IProcessTracing.NotRestored(Pid process, string reason) => Assert.Fail(reason);

    void IProcessTracing.NotTraced(Pid process, string reason) => NotTraced.Add(reason);
}
