using System.Runtime.InteropServices;

namespace Calltap.Cli.Targets;

/// <summary>
/// Ctrl-C, SIGTERM, SIGHUP, SIGQUIT and SIGXCPU: asks to end in good order instead of being ended with functions armed. SIGXFSZ would end us
/// likewise; without it the write that was too much fails with EFBIG, as on a full disk.
/// </summary>
sealed class StopSignals : IDisposable
{
    const PosixSignal SIGXCPU = (PosixSignal)24; // a positive number is the system's own
    const PosixSignal SIGXFSZ = (PosixSignal)25;

    readonly ManualResetEventSlim _raised = new();
    readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Listens from now on.</summary>
    public StopSignals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT, SIGXCPU])
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(SIGXFSZ, context => context.Cancel = true));
    }

    /// <summary>The signal that came; null when none did.</summary>
    public PosixSignal? Raised { get; private set; }

    /// <summary>How the signal is called in a message.</summary>
    public string Name => Raised switch
    {
        PosixSignal.SIGINT => "ctrl-C",
        SIGXCPU => "SIGXCPU (see `ulimit -t`)",
        _ => $"{Raised}",
    };

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
