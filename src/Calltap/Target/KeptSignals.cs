using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// Signals that come to a program on the way to where it is held. They are kept from it until then: one that stops it would have its tracer wait for the one that continues it, whose sender
/// may wait for the same tracer. The program has no handler yet, so that nobody sees their siginfo_t. On the ptrace thread.
/// </summary>
internal sealed class KeptSignals(Pid pid, Tid tid)
{
    private readonly List<int> _kept = [];

    /// <summary>
    /// Keeps the signal that a thread is stopped with, or that another thread, a helper, has taken and so stopped the process with; whether there is one. It is to be resumed without.
    /// </summary>
    internal bool Take(TraceeStop stop)
    {
        if (stop.Kind is not (StopKind.Signal or StopKind.GroupStop))
            return false;
        // As the kernel does (prepare_signal in kernel/signal.c): what stops and what continues end each other.
        if (stop.Signal == Signals.SIGCONT)
            _kept.RemoveAll(Signals.Stops);
        else if (Signals.Stops(stop.Signal))
            _kept.Remove(Signals.SIGCONT);
        if (!_kept.Contains(stop.Signal))
            _kept.Add(stop.Signal);
        return true;
    }

    /// <summary>Sends them once more; they come when the thread goes on.</summary>
    internal void GiveBack()
    {
        if (_kept.Exists(Signals.Stops) && PendingSignals.Has(tid, Signals.SIGCONT))
            _kept.RemoveAll(Signals.Stops); // that came later, and waits because it is blocked
        foreach (int signal in _kept)
            Signals.Send(pid, tid, signal);
        _kept.Clear();
    }
}
