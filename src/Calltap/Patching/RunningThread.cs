using Calltap.Native;

namespace Calltap.Patching;

/// <summary>A thread that is looked at while it runs, by samples (<see cref="Onlooker"/>).</summary>
/// <param name="sampler">Its samples.</param>
/// <param name="signals">Its signals; null where they can't be counted.</param>
sealed class RunningThread(PcSampler sampler, SignalCounter? signals) : IDisposable
{
    /// <summary>A thread, or null when it can't be sampled.</summary>
    public static RunningThread? TryOpen(Tid tid, bool countSignals) =>
        PcSampler.Open(tid).Value is { } sampler ? new RunningThread(sampler, countSignals ? SignalCounter.TryOpen(tid) : null) : null;

    /// <summary>Whether its stack can be looked at while it runs.</summary>
    public bool CountsSignals => signals is not null;

    /// <summary>In the present phase: how many signals it had taken before its stack was looked at; null when it was not yet.</summary>
    public long? Scanned { get; set; }

    /// <summary>How many signals it had taken when the sample was asked for that is not yet taken; null when none is asked for.</summary>
    public long? Asked { get; private set; }

    /// <summary>A phase begins.</summary>
    public void StartPhase() => (Scanned, Asked) = (null, null);

    /// <summary>Asks for a sample.</summary>
    public void Ask()
    {
        Asked = SignalsTaken;
        sampler.Ask();
    }

    /// <summary>The sample that was asked for.</summary>
    public bool TryTake(out PcSample sample) => sampler.TryTake(out sample);

    /// <inheritdoc cref="PcSampler.Insist"/>
    public void Insist() => sampler.Insist();

    /// <summary>Signals taken so far; 0 where they are not counted.</summary>
    public long SignalsTaken => signals?.Read() ?? 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        sampler.Dispose();
        signals?.Dispose();
    }
}
