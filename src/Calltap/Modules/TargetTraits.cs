using Calltap.Target;

namespace Calltap.Modules;

/// <summary>What a process does that limits how it may be patched.</summary>
/// <param name="HandlesFaults">It catches SIGSEGV, SIGBUS or SIGFPE: a fault in a displaced instruction would show.</param>
/// <param name="HasShadowStack">A shadow stack is on: a displaced call would end it.</param>
public sealed record TargetTraits(bool HandlesFaults, bool HasShadowStack)
{
    const ulong FaultSignals = 1ul << (11 - 1) | 1ul << (7 - 1) | 1ul << (8 - 1);

    /// <summary>A file looked at by itself.</summary>
    public static TargetTraits None { get; } = new(false, false);

    /// <summary>Reads them off a process.</summary>
    public static TargetTraits Of(TargetProcess target)
    {
        ArgumentNullException.ThrowIfNull(target);
        ProcStatus? status = target.ReadThreads().Select(target.ReadStatus).FirstOrDefault(s => s is { IsDead: false });
        return new TargetTraits(
            status is null || (status.CaughtSignals & FaultSignals) != 0, status is { HasShadowStack: true });
    }
}
