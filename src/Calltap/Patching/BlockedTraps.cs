using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Puts right what the kernel does when a thread hits a breakpoint while it blocks SIGTRAP: it unblocks the signal in that thread and resets the
/// action for all (force_sig_info_to_task). Nothing in the stop tells that it has. A thread is taken to have blocked SIGTRAP when it blocks all other
/// signals, as libc does where it makes threads and processes; or when it blocked SIGTRAP as it was seized, has the same mask now, and the action was
/// found reset in this window, or is now: without that it may have been in a handler that blocks SIGTRAP, and have left it.
/// </summary>
/// <remarks>
/// Not seen is a thread that begins to block SIGTRAP, and not everything, in a window (docs/limits.md).
/// </remarks>
sealed class BlockedTraps(WindowContext window)
{
    const int SIGILL = 4, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11;

    // Those that programs leave out where they block what can be blocked, SIGTRAP perhaps among them, and the most usual others.
    static readonly ulong s_all =
        Signals.Bit(SIGILL) | Signals.Bit(SIGBUS) | Signals.Bit(SIGFPE) | Signals.Bit(SIGSEGV) | Signals.Bit(Signals.SIGTERM) | Signals.Bit(Signals.SIGPIPE);

    volatile bool _actionReset;

    /// <summary>The action was found reset in this window. Written by the window's thread.</summary>
    public bool ActionReset
    {
        set => _actionReset = value;
    }

    /// <summary>Some thread has: the action may be reset at any time.</summary>
    public bool Any { get; private set; }

    /// <summary>Blocks SIGTRAP again in a thread whose breakpoint has been answered, if it did.</summary>
    public void Mend(ref GuardedThread thread)
    {
        if ((window.Broken & BrokenRules.BlockedTrapsNotMended) != 0 || !Ptrace.GetSigMask(thread.Tid, out ulong mask).Ok) return;
        if (!Blocked(thread, mask)) return;
        Any = true;
        Ptrace.SetSigMask(thread.Tid, mask | Signals.Bit(Signals.SIGTRAP));
    }

    bool Blocked(in GuardedThread thread, ulong mask) =>
        (mask & s_all) == s_all
        || (thread.BlocksTrap && mask == thread.Mask && (SignalActions.CatchesTrap(thread.Tid) == false || _actionReset)); // in this order: it is noted before the handler is put back
}
