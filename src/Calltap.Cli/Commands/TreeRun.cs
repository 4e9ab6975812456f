using System.Diagnostics;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Following;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary>One run of a command with <c>--follow</c>: what is the same for all of them.</summary>
abstract class TreeRun(Terminal terminal) : IProcessTracing
{
    const int MaxTold = 8; // processes of which what was armed is said

    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan s_modulesTick = TimeSpan.FromMilliseconds(1);

    int _traced, _untraced;
    string? _reason; // why the first of those was not

    /// <summary>Which process is the root.</summary>
    public required TargetChoice Target { get; init; }

    /// <summary>Which functions of each.</summary>
    public required ScopeChoice Scope { get; init; }

    /// <summary>What is done to them.</summary>
    public required IReadOnlyList<Op> Ops { get; init; }

    /// <summary>What happens to threads while functions are armed.</summary>
    public required WindowChoice Window { get; init; }

    /// <summary>After how long it stops; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    protected Terminal Terminal => terminal;

    /// <summary>Processes of which not every byte could be restored.</summary>
    protected List<Pid> Unrestored { get; } = [];

    /// <summary>Runs from the root's start to the end of all; the exit code.</summary>
    public int Run()
    {
        using var signals = new StopSignals();
        TargetLauncher? launcher = Target.Command.Count > 0 ? TargetLauncher.Start(Target.Command[0], [.. Target.Command.Skip(1)]) : null;
        bool started = false;
        try
        {
            Pid root = launcher?.Pid ?? Target.Process ?? ProcessList.Find(Target.Name!);
            Open(root);
            using var follower = new ProcessFollower(Options(), this);
            if (launcher is null) Follow(follower, root);
            else follower.Start(launcher);
            started = true;
            string why = WaitForEnd(follower, signals);
            bool ended = follower.IsOver;
            follower.Stop();
            Conclude(why);
            CommandEnd.Report(launcher, ended, terminal);
            return ExitCodeOf();
        }
        finally
        {
            if (!started) launcher?.Kill(); // a command that was to be traced must not run untraced
            launcher?.Dispose();
        }
    }

    /// <summary>Prepares for what will be traced.</summary>
    protected abstract void Open(Pid root);

    /// <summary>Something to do now and then.</summary>
    /// <returns>Why it is over; null when it is not.</returns>
    protected abstract string? Tick(TimeSpan elapsed, ProgressLine progress);

    /// <summary>Begins with a process; what was armed, or null when it was so already.</summary>
    protected abstract ArmReport? Begin(FollowedProcess process, FollowedProcess? before, bool forked);

    /// <summary>Ends with a process.</summary>
    protected abstract void End(FollowedProcess process);

    /// <summary>Arms what a process has loaded since.</summary>
    protected abstract ModuleReport? FollowModules(FollowedProcess process);

    /// <summary>Says what came of it.</summary>
    protected abstract void Conclude(string why);

    /// <inheritdoc/>
    public void Began(FollowedProcess process, FollowedProcess? before, bool forked)
    {
        ArmReport? report = Begin(process, before, forked);
        if (report is null || ++_traced > MaxTold + 1) return;
        terminal.Log.WriteLine(_traced <= MaxTold
            ? $"process {process.Pid} ({process.Name}): {ArmText.Of(report, process.Session!.Catalog, Ops)}"
            : "no more is said of processes that are armed until the end");
    }

    /// <inheritdoc/>
    public void Ended(FollowedProcess process) => End(process);

    /// <inheritdoc/>
    public void NotRestored(Pid process, string reason)
    {
        Unrestored.Add(process);
        terminal.Note(reason);
    }

    /// <inheritdoc/>
    public void NotTraced(Pid process, string reason)
    {
        _reason ??= reason;
        if (++_untraced <= MaxTold) terminal.Note(reason);
    }

    /// <summary>Processes in which functions were armed, and those that could not be traced, in words.</summary>
    protected string Processes =>
        Texts.Of(_traced, "program") + (_untraced > 0 ? $", {Texts.Count(_untraced)} could not be traced" : "");

    /// <summary>Only from the line on is nothing missed: what was armed before that was not followed yet.</summary>
    void Follow(ProcessFollower follower, Pid root)
    {
        follower.Start(root);
        terminal.Log.WriteLine($"following {Texts.Of(follower.Processes.Count, "process", "processes")} and what comes of them");
    }

    FollowOptions Options() => new()
    {
        Scope = Scope.Scope,
        Filters = [Scope.Filter, .. Ops.Select(op => op.Filter)],
        Ops = Ops,
        Cache = CacheFolder.Analyses,
        Int3 = Window.Int3,
        WithoutPtrace = Window.WithoutPtrace,
    };

    string WaitForEnd(ProcessFollower follower, StopSignals signals)
    {
        long start = Stopwatch.GetTimestamp();
        using var progress = new ProgressLine(terminal);
        using var lines = new ModuleLines(terminal, progress);
        while (!follower.IsOver)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            if (Tick(elapsed, progress) is { } over) return over;
            if (Duration is { } limit && elapsed >= limit) return "its duration is over";
            if (signals.Wait(TimeSpan.Zero)) return signals.Name;
            bool modules = false;
            foreach (FollowedProcess process in follower.Processes.Where(p => p.Session is { FollowsModules: true }).ToList())
            {
                modules = true;
                if (!follower.Processes.Contains(process)) continue; // it has ended while another was armed
                lines.Tell(WhileItLives.Ask(process.Session!.Target, () => FollowModules(process)));
            }
            follower.Wait(modules ? s_modulesTick : s_tick);
            follower.Serve();
        }
        return "every process has ended";
    }

    int ExitCodeOf()
    {
        if (_traced == 0)
            throw CommandException.Nothing(_reason ?? "no function matches in any process that was followed: look at `calltap functions FILE`");
        if (Unrestored.Count == 0) return ExitCode.Success;
        throw CommandException.Failed($"not every byte could be restored: run `calltap detach -p PID` for {string.Join(", ", Unrestored)}");
    }
}
