using System.Diagnostics;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary>One run of <c>calltap count</c>.</summary>
sealed class Counting(Terminal terminal)
{
    readonly CountPrinter _printer = new(terminal);
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan s_followingTick = TimeSpan.FromMilliseconds(1);

    /// <summary>Which process.</summary>
    public required TargetChoice Target { get; init; }

    /// <summary>Which functions.</summary>
    public required ScopeChoice Scope { get; init; }

    /// <summary>The op that counts.</summary>
    public required Op Op { get; init; }

    /// <summary>What happens to threads while functions are armed.</summary>
    public required WindowChoice Window { get; init; }

    /// <summary>How often to print; null for only at the end.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>After how long it stops; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How many functions to show; null for the default.</summary>
    public int? Top { get => _printer.Top; init => _printer.Top = value; }

    /// <summary>For programs.</summary>
    public bool Json { get => _printer.Json; init => _printer.Json = value; }

    /// <summary>Counts until something ends it.</summary>
    public int Run()
    {
        using var signals = new StopSignals();
        using Attachment target = Attachment.Open(Target, Scope, [Op], terminal);
        TraceSession session = target.Attach(Window);
        terminal.Log.WriteLine(ArmText.Of(session.Add(Op), target.Catalog, [Op]));
        target.Release();
        long start = Stopwatch.GetTimestamp();
        bool ended = WaitForEnd(session, signals);
        ArmReport? disarmed = session.Detach();
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        CallCounts counts = CallCounts.Of(session, Op); // after the disarming: no call is under way in a trampoline
        _printer.Print(counts, duration);
        if (session.Catalog.CompiledWaits is { Bodies: > 0 } waits) terminal.Note(waits.ToString());
        if (counts is { Total: 0, Uncounted: 0 }) terminal.Note(ScopeText.NothingCalled(Scope));
        CommandEnd.Report(target.Launcher, ended, terminal);
        return disarmed is { Unrestored: > 0 }
            ? throw CommandException.Failed($"{Texts.Of(disarmed.Unrestored, "site")} could not be restored: run `calltap detach -p {target.Pid}`")
            : ExitCode.Success;
    }

    /// <summary>Whether the target has ended.</summary>
    bool WaitForEnd(TraceSession session, StopSignals signals)
    {
        long start = Stopwatch.GetTimestamp();
        using var progress = new ProgressLine(terminal);
        using var modules = new ModuleLines(terminal, progress);
        while (!session.Target.IsGone)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            if (Interval is { } interval) _printer.PrintInterval(interval, elapsed, () => CallCounts.Of(session, Op));
            if (Duration is { } limit && elapsed >= limit) return false;
            if (signals.Wait(session.FollowsModules ? s_followingTick : s_tick)) return false;
            modules.Tell(WhileItLives.Ask(session.Target, session.FollowModules));
        }
        return true;
    }
}
