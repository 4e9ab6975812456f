using System.Runtime.InteropServices;

namespace Calltap.Cli.Targets;

/// <summary>Ctrl-C, SIGTERM and SIGHUP: asks to end in good order instead of being ended with functions armed.</summary>
sealed class StopSignals : IDisposable
{
    readonly ManualResetEventSlim _raised = new();
    readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Listens from now on.</summary>
    public StopSignals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    /// <summary>The signal that came; null when none did.</summary>
    public PosixSignal? Raised { get; private set; }

    /// <summary>How the signal is called in a message.</summary>
    public string Name => Raised == PosixSignal.SIGINT ? "ctrl-C" : $"{Raised}";

    /// <summary>Waits for a signal at most this long; whether one has come.</summary>
    public bool Wait(TimeSpan timeout) => _raised.Wait(timeout);

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Raised ??= context.Signal;
        _raised.Set();
    }
}
