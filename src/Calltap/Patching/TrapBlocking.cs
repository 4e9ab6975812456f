using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Who in a target may not meet a breakpoint that nobody outside answers: the kernel ends a process one of whose threads does so with SIGTRAP blocked
/// (force_sig_info_to_task).
/// </summary>
static class TrapBlocking
{
    // The C library blocks all signals for the moments in which it makes a thread or a process, and our own handler for those in which it answers.
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);

    /// <summary>A thread that blocks SIGTRAP, in words; null when there is none.</summary>
    /// <param name="target">The target.</param>
    /// <param name="threads">Its threads, without the helper: one that was seen not to is not looked at again.</param>
    public static string? ByThread(TargetProcess target, IEnumerable<Tid> threads)
    {
        List<Tid> left = [.. threads];
        return Deadline.In(s_patience).Poll(() => left.RemoveAll(tid => !Blocks(target, tid)) >= 0 && left.Count == 0)
            ? null
            : $"thread {left[0]} blocks SIGTRAP, and a breakpoint would end it";
    }

    /// <summary>A handler of the program's that runs with SIGTRAP blocked, in words; null when there is none.</summary>
    public static string? ByHandler(ICoreSync sync) => sync.FindHandlerThatBlocks(Signals.SIGTRAP) is int signal
        ? $"its handler for signal {signal} blocks SIGTRAP, and a breakpoint in it would end the program"
        : null;

    static bool Blocks(TargetProcess target, Tid tid) =>
        target.ReadStatus(tid) is { IsDead: false } status && (status.BlockedSignals & Signals.Bit(Signals.SIGTRAP)) != 0;
}
