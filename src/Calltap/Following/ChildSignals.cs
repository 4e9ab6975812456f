using System.Runtime.InteropServices;

namespace Calltap.Following;

/// <summary>Wakes whoever waits for a tracee: the kernel sends the tracer SIGCHLD for each stop (do_notify_parent_cldstop in kernel/signal.c).</summary>
sealed class ChildSignals : IDisposable
{
    readonly ManualResetEventSlim _come = new();
    readonly PosixSignalRegistration _registration;

    public ChildSignals() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => _come.Set());

    /// <summary>Waits for the next signal, at most so long. One that came since the last wait counts.</summary>
    public void Wait(TimeSpan patience)
    {
        _come.Wait(patience);
        _come.Reset();
    }

    /// <inheritdoc/>
    public void Dispose() => _registration.Dispose(); // a signal may still come in: the event stays
}
