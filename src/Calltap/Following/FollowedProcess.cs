using Calltap.Target;

namespace Calltap.Following;

/// <summary>A process of a tree, and the program that it runs: when it executes another, that is another one.</summary>
public sealed class FollowedProcess
{
    internal FollowedProcess(Pid pid, TargetProcess? target, TraceSession? session) => (Pid, Target, Session) = (pid, target, session);

    /// <summary>Its id.</summary>
    public Pid Pid { get; }

    /// <summary>Its name; empty when it could not be asked any more.</summary>
    public string Name => Target?.Name ?? "";

    /// <summary>Its session; null where no function of it is wanted, or where it can't be traced.</summary>
    public TraceSession? Session { get; }

    internal TargetProcess? Target { get; }

    /// <summary>Whether it has ended, or is about to: its memory goes first.</summary>
    internal bool HasEnded => Target?.HasExited ?? ProcFiles.Threads(Pid).All(thread =>
        ProcStatus.TryRead(ProcFiles.Thread(Pid, thread, "status")) is null or { IsDead: true } or { HasMemory: false });

    /// <summary>Whether it runs another program by now.</summary>
    internal bool IsReplaced => Target is { RunsAnotherProgram: true };
}
