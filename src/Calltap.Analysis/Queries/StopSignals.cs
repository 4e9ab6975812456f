using System.Runtime.InteropServices;

namespace Calltap.Analysis.Queries;

/// <summary>
/// Ctrl-C, SIGTERM and SIGHUP: the statement that runs fails soon, and the program ends in good order. Where a person types, ctrl-C ends the statement alone.
/// </summary>
sealed class StopSignals : IDisposable
{
    // An interruption is forgotten when a statement begins, so one is not enough.
    static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(50);

    readonly Lock _gate = new();
    readonly PosixSignalRegistration[] _registrations;
    readonly Timer _timer;
    readonly bool _sparesPrompt;
    volatile bool _isRaised;
    Action _interrupt = () => { };

    /// <summary>Listens from now on.</summary>
    /// <param name="sparesPrompt">Whether ctrl-C ends a statement alone.</param>
    public StopSignals(bool sparesPrompt)
    {
        _sparesPrompt = sparesPrompt;
        _timer = new Timer(_ => Interrupt());
        _registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    /// <summary>Whether the program is to end.</summary>
    public bool IsRaised => _isRaised;

    /// <summary>Says how what runs is interrupted: called again and again, on any thread, until another way is said.</summary>
    public void Interrupts(Action interrupt)
    {
        lock (_gate)
            _interrupt = interrupt;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        _timer.Dispose();
    }

    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_sparesPrompt && context.Signal == PosixSignal.SIGINT)
        {
            Interrupt();
            return;
        }
        _isRaised = true;
        _timer.Change(TimeSpan.Zero, s_again);
    }

    void Interrupt()
    {
        lock (_gate)
            _interrupt();
    }
}
