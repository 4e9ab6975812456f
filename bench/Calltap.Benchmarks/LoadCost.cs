namespace Calltap.Benchmarks;

/// <summary>Libraries that come while a session records, under one condition.</summary>
/// <param name="Library">Which, in words.</param>
/// <param name="BusyThreads">Threads of the program that are busy besides.</param>
/// <param name="Rounds">Each loading.</param>
sealed record LoadCost(string Library, int BusyThreads, IReadOnlyList<LoadRound> Rounds);
