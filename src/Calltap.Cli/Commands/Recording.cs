using System.Diagnostics;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary>One run of <c>calltap record</c>.</summary>
sealed class Recording(Terminal terminal)
{
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan s_followingTick = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_progress = TimeSpan.FromSeconds(1);

    /// <summary>Which process.</summary>
    public required TargetChoice Target { get; init; }

    /// <summary>Which functions.</summary>
    public required ScopeChoice Scope { get; init; }

    /// <summary>What is done to them.</summary>
    public required IReadOnlyList<Op> Ops { get; init; }

    /// <summary>What happens to threads while functions are armed.</summary>
    public required WindowChoice Window { get; init; }

    /// <summary>The trace file; null for a name made of the target's.</summary>
    public string? Output { get; init; }

    /// <summary>After how long it stops; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Largest file.</summary>
    public ByteSize MaxSize { get; init; }

    /// <summary>Records until something ends it.</summary>
    public int Run()
    {
        using var signals = new StopSignals();
        using Attachment target = Attachment.Open(Target, Scope, Ops, terminal);
        string path = Output ?? FileNameOf(target.Name);
        using FileStream file = Create(path);
        terminal.Note($"writing {path}");
        TraceSession session = target.Attach(Window);
        var options = new RecordOptions { MaxSize = MaxSize, Scope = ScopeText.Of(Scope, target.Catalog) };
        using var recorder = new Recorder(session, file, options);
        terminal.Log.WriteLine(ArmText.Of(recorder.Add(Ops), target.Catalog, Ops));
        target.Release();
        string why = WaitForEnd(recorder, session, signals);
        ArmReport? disarmed = recorder.Stop();
        PrintCounts(session);
        return Conclude(recorder, session, disarmed, path, why, target);
    }

    string WaitForEnd(Recorder recorder, TraceSession session, StopSignals signals)
    {
        long start = Stopwatch.GetTimestamp(), shown = start;
        using var progress = new ProgressLine(terminal);
        using var modules = new ModuleLines(terminal, progress);
        while (recorder.Ended == RecordStop.None)
        {
            if (signals.Wait(session.FollowsModules ? s_followingTick : s_tick)) return signals.Name;
            modules.Tell(WhileItLives.Ask(session.Target, recorder.FollowModules));
            if (Duration is { } limit && Stopwatch.GetElapsedTime(start) >= limit) return "its duration is over";
            if (Stopwatch.GetElapsedTime(shown) < s_progress) continue;
            shown = Stopwatch.GetTimestamp();
            progress.Show(ProgressText(recorder.Progress));
        }
        return recorder.Ended switch
        {
            RecordStop.MaxSize => $"the file has reached {Texts.Size(MaxSize)}",
            RecordStop.TargetEnded => session.Target.RunsAnotherProgram ? "the target has become another program (exec)" : "the target ended",
            _ => "the file could not be written",
        };
    }

    int Conclude(Recorder recorder, TraceSession session, ArmReport? disarmed, string path, string why, Attachment target)
    {
        int unrestored = disarmed?.Unrestored ?? 0;
        string bytes = disarmed is null ? "nothing is left to restore"
            : unrestored == 0 ? "all bytes restored and verified"
            : $"{Texts.Of(unrestored, "site")} could not be restored: run `calltap detach -p {target.Pid}`";
        terminal.Log.WriteLine($"{path}: {ProgressText(recorder.Progress)}; stopped: {why}; {bytes}");
        if (session.Catalog.CompiledWaits is { Bodies: > 0 } waits) terminal.Note(waits.ToString());
        if (recorder.Progress is { Events: 0, LostEntries: 0 } && Ops.All(op => op.Kind == OpKind.Graph)) terminal.Note(ScopeText.NothingCalled(Scope));
        CommandEnd.Report(target.Launcher, recorder.Ended == RecordStop.TargetEnded, terminal);
        if (recorder.Failure is { } failure)
            throw CommandException.Failed($"{path}: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}; what was written is readable");
        return unrestored > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    /// <summary>What count ops have counted is in no file: it is said here.</summary>
    void PrintCounts(TraceSession session)
    {
        foreach (Op op in Ops.Where(op => op.Kind == OpKind.Count))
        {
            terminal.Out.WriteLine($"# {op.Name}");
            CallCounts.Of(session, op).ToTable(int.MaxValue).Write(terminal);
        }
    }

    /// <summary>How far it is, in words.</summary>
    public static string ProgressText(in RecordProgress progress)
    {
        string exits = progress.LostExits > 0 ? $" and {Texts.Of(progress.LostExits, "exit")}" : "";
        return $"{Texts.Of(progress.Events, "event")}, {Texts.Size(progress.Written)}, {Texts.Of(progress.LostEntries, "call")}{exits} lost";
    }

    static string FileNameOf(string name) => $"{string.Concat(name.Select(c => c == '/' || char.IsControl(c) ? '_' : c))}.calltap";

    /// <summary>The name of a trace file by that of a process.</summary>
    public static string FileNameOf(Pid process)
    {
        using TargetProcess target = TargetProcess.Open(process);
        return FileNameOf(target.Name);
    }

    /// <summary>Creates the file.</summary>
    public static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Failed($"can't write {path}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
    }
}
