namespace Calltap.Trace;

/// <summary>Which part of a flame graph is wanted.</summary>
/// <param name="Metric">What widths stand for.</param>
/// <param name="Path">The functions from the root to the box that takes the whole width; empty: the root.</param>
/// <param name="Least">The least share of the whole width that is shown.</param>
/// <param name="Most">At most about so many boxes; the least share grows until they are no more.</param>
/// <param name="Searched">Functions that are looked for; null for none.</param>
public sealed record FlameChoice(FlameMetric Metric, IReadOnlyList<FunctionId> Path, double Least, int Most, IReadOnlySet<FunctionId>? Searched);
