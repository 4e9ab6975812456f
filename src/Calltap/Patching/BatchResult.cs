namespace Calltap.Patching;

/// <summary>How a batch went.</summary>
/// <param name="Poked">Sites that hold their new bytes, verified.</param>
/// <param name="Refused">Sites left as they were, each with its reason in <see cref="Site.Refusal"/>.</param>
/// <param name="Traps">What the guard did.</param>
/// <param name="Time">First poke to last, as numbers to reach are measured.</param>
/// <param name="Window">Seizing the first thread to letting the last go.</param>
/// <param name="Began">When the first step began.</param>
/// <param name="Steps">How long each step took, by the names of docs/patching-protocol.md.</param>
public sealed record BatchResult(
    int Poked,
    IReadOnlyList<Site> Refused,
    TrapCounts Traps,
    TimeSpan Time,
    TimeSpan Window,
    MonotonicNs Began,
    IReadOnlyList<(string Step, TimeSpan Time)> Steps);
