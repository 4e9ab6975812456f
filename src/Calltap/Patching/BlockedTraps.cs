using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// Puts right what the kernel does when a thread hits a breakpoint while it blocks SIGTRAP: it unblocks the signal in that thread and resets the
/// action for all (force_sig_info_to_task). Nothing in the stop tells that it has. A thread is taken to have blocked SIGTRAP when it did so as it was
/// seized and has the same mask now, or when it blocks all other signals, as libc does where it makes threads and processes.
/// </summary>
/// <remarks>
/// What the action is now tells nothing: the program may have set it, and so may we. Not seen is a thread that begins to block SIGTRAP, and not
/// everything, in a window (docs/limits.md).
/// </remarks>
sealed class BlockedTraps(WindowContext window)
{
    const int SIGILL = 4, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11;

    // Those that programs leave out where they block what can be blocked, SIGTRAP perhaps among them, and the most usual others.
    static readonly ulong s_all =
        Signals.Bit(SIGILL) | Signals.Bit(SIGBUS) | Signals.Bit(SIGFPE) | Signals.Bit(SIGSEGV) | Signals.Bit(Signals.SIGTERM) | Signals.Bit(Signals.SIGPIPE);

    /// <summary>Some thread has: the action may be reset at any time.</summary>
    public bool Any { get; private set; }

    /// <summary>Blocks SIGTRAP again in a thread whose breakpoint has been answered, if it did; whether it did.</summary>
    public bool Mend(ref GuardedThread thread)
    {
        if ((window.Broken & BrokenRules.BlockedTrapsNotMended) != 0 || !Ptrace.GetSigMask(thread.Tid, out ulong mask).Ok) return false;
        if (!Blocked(thread, mask)) return false;
        Any = true;
        Ptrace.SetSigMask(thread.Tid, mask | Signals.Bit(Signals.SIGTRAP));
        return true;
    }

    static bool Blocked(in GuardedThread thread, ulong mask) => (thread.BlocksTrap && mask == thread.Mask) || (mask & s_all) == s_all;
}
