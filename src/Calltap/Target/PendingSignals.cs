using Calltap.Native;

namespace Calltap.Target;

/// <summary>What is queued for a stopped thread but not yet delivered (PTRACE_PEEKSIGINFO).</summary>
internal static class PendingSignals
{
    private const int AtMost = 32;

    /// <summary>
    /// Whether a stopped thread may be sent elsewhere: not while an int3 it has taken waits for delivery, for then its pc is one too far (A2);
    /// and, when it is <paramref name="inCall"/>, not while a signal is due that must see that call interrupted (A14).
    /// </summary>
    internal static bool AllowHijack(Tid tid, ulong mask, bool inCall)
    {
        Span<siginfo_t> queued = stackalloc siginfo_t[AtMost];
        SysResult<int> own = Ptrace.PeekSigInfo(tid, shared: false, queued);
        if (!own.Ok || HasBreakpoint(queued[..own.Value]))
            return false;
        if (!inCall)
            return true;
        Span<siginfo_t> others = stackalloc siginfo_t[AtMost];
        SysResult<int> shared = Ptrace.PeekSigInfo(tid, shared: true, others);
        if (!shared.Ok)
            return false;
        if (!HasDeliverable(queued[..own.Value], mask) && !HasDeliverable(others[..shared.Value], mask))
            return true;
        mask |= SignalActions.Of(tid).Ignored; // one that is ignored is queued only because we trace
        return !HasDeliverable(queued[..own.Value], mask) && !HasDeliverable(others[..shared.Value], mask);
    }

    /// <summary>Whether an int3 that the thread has hit is queued and not yet delivered: then its pc is the site (A2).</summary>
    internal static bool HasQueuedBreakpoint(Tid tid)
    {
        Span<siginfo_t> queued = stackalloc siginfo_t[AtMost];
        SysResult<int> own = Ptrace.PeekSigInfo(tid, shared: false, queued);
        return own.Ok && HasBreakpoint(queued[..own.Value]);
    }

    /// <summary>Whether a signal is queued for a stopped thread, or for its process.</summary>
    internal static bool Has(Tid tid, int signal)
    {
        Span<siginfo_t> queued = stackalloc siginfo_t[AtMost];
        foreach (bool shared in (ReadOnlySpan<bool>)[false, true])
            if (Ptrace.PeekSigInfo(tid, shared, queued) is { Ok: true } read && HasDeliverable(queued[..read.Value], ~Signals.Bit(signal)))
                return true;
        return false;
    }

    private static bool HasBreakpoint(ReadOnlySpan<siginfo_t> signals)
    {
        foreach (ref readonly siginfo_t signal in signals)
            if (signal.si_signo == Signals.SIGTRAP && signal.si_code == siginfo_t.SI_KERNEL)
                return true;
        return false;
    }

    private static bool HasDeliverable(ReadOnlySpan<siginfo_t> signals, ulong mask)
    {
        foreach (ref readonly siginfo_t signal in signals)
            if ((mask & Signals.Bit(signal.si_signo)) == 0)
                return true;
        return false;
    }
}
