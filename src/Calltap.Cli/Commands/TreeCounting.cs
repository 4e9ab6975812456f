using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Following;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary>One run of <c>calltap count --follow</c>: the calls of all processes together.</summary>
sealed class TreeCounting(Terminal terminal) : TreeRun(terminal)
{
    readonly List<TraceSession> _live = [];
    readonly CountPrinter _printer = new(terminal);
    CallCounts _ended = new([], 0);
    TimeSpan _elapsed;

    /// <summary>How often to print; null for only at the end.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>How many functions to show; null for the default.</summary>
    public int? Top { get => _printer.Top; init => _printer.Top = value; }

    /// <summary>For programs.</summary>
    public bool Json { get => _printer.Json; init => _printer.Json = value; }

    Op Op => Ops[0];

    /// <inheritdoc/>
    protected override void Open(Pid root)
    {
    }

    /// <inheritdoc/>
    protected override ArmReport? Begin(FollowedProcess process, FollowedProcess? before, bool forked)
    {
        _live.Add(process.Session!);
        return forked ? null : process.Session!.Add(Op);
    }

    /// <inheritdoc/>
    protected override void End(FollowedProcess process)
    {
        TraceSession session = process.Session!;
        if (session.Detach() is { Unrestored: > 0 }) Unrestored.Add(process.Pid);
        _live.Remove(session);
        _ended = CallCounts.Sum([_ended, CallCounts.Of(session, Op)]);
    }

    /// <inheritdoc/>
    protected override ModuleReport? FollowModules(FollowedProcess process) => process.Session!.FollowModules();

    /// <inheritdoc/>
    protected override string? Tick(TimeSpan elapsed, ProgressLine progress)
    {
        _elapsed = elapsed;
        if (Interval is { } interval) _printer.PrintInterval(interval, elapsed, () => CallCounts.Sum([_ended, .. _live.Select(session => CallCounts.Of(session, Op))]));
        return null;
    }

    /// <inheritdoc/>
    protected override void Conclude(string why)
    {
        _printer.Print(_ended, _elapsed);
        Terminal.Log.WriteLine($"{Processes}; stopped: {why}");
    }
}
