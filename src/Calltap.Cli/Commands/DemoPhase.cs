namespace Calltap.Cli.Commands;

/// <summary>A time between two moments at which no call was under way.</summary>
/// <param name="Start">The first moment.</param>
/// <param name="End">The second.</param>
/// <param name="Called">Calls that the program itself counted between them.</param>
/// <param name="Lost">Calls that were lost between them.</param>
readonly record struct DemoPhase(MonotonicNs Start, MonotonicNs End, long Called, long Lost);
