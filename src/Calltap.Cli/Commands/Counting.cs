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
    const int TopOfInterval = 20;
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
    public int? Top { get; init; }

    /// <summary>For programs.</summary>
    public bool Json { get; init; }

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
        Print(counts, duration);
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
        TimeSpan next = Interval ?? TimeSpan.MaxValue;
        var before = new CallCounts([], 0);
        using var progress = new ProgressLine(terminal);
        using var modules = new ModuleLines(terminal, progress);
        while (!session.Target.IsGone)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed >= next)
            {
                CallCounts now = CallCounts.Of(session, Op);
                PrintInterval(now.Since(before), elapsed);
                before = now;
                next += Interval!.Value;
            }
            if (Duration is { } limit && elapsed >= limit) return false;
            if (signals.Wait(session.FollowsModules ? s_followingTick : s_tick)) return false;
            modules.Tell(Following.Ask(session.Target, session.FollowModules));
        }
        return true;
    }

    void PrintInterval(CallCounts counts, TimeSpan elapsed)
    {
        TextWriter output = Json ? terminal.Log : terminal.Out;
        output.WriteLine($"# {elapsed.TotalSeconds:0.0} s: {Texts.Count((long)counts.Total)} calls of {Texts.Of(counts.Functions.Count, "function")}");
        if (Json) return;
        counts.ToTable(Top ?? TopOfInterval).Write(terminal);
        terminal.Out.Flush();
    }

    void Print(CallCounts counts, TimeSpan duration)
    {
        if (Json)
        {
            terminal.Out.Flush();
            counts.WriteJson(terminal.OutStream, duration);
            terminal.Out.WriteLine();
            return;
        }
        counts.ToTable(Top ?? int.MaxValue).Write(terminal);
        terminal.Out.WriteLine($"# {Texts.Count((long)counts.Total)} calls of {Texts.Of(counts.Functions.Count, "function")} in {duration.TotalSeconds:0.00} s");
        if (counts.Uncounted > 0) terminal.Note($"{Texts.Count((long)counts.Uncounted)} calls were not counted: more threads than there is room for");
    }
}
