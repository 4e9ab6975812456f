namespace Calltap.Benchmarks;

/// <summary>What the analysis of a file takes.</summary>
/// <param name="Path">The file.</param>
/// <param name="Functions">How many functions it has.</param>
/// <param name="WithoutCache">Each round's time without a cache.</param>
/// <param name="EmptyCache">With one that has to be filled.</param>
/// <param name="FullCache">With one that has the analysis.</param>
sealed record AnalysisCost(
    string Path, int Functions, IReadOnlyList<TimeSpan> WithoutCache, IReadOnlyList<TimeSpan> EmptyCache, IReadOnlyList<TimeSpan> FullCache);
