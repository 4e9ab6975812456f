namespace Calltap.Trace;

/// <summary>A box of a flame graph. Widths are ticks or calls (<see cref="FlameMetric"/>).</summary>
/// <param name="Function">The function; null for several that are too narrow to be shown.</param>
/// <param name="Depth">Steps from the box at the root, which has 0.</param>
/// <param name="Start">Where it begins, counted from the left edge.</param>
/// <param name="Width">Its width.</param>
/// <param name="Self">How much of it is in no box of the next depth: time in the function itself, or calls of it; from below, what had no caller.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Unknown">How many of them have no known end: the width is the least it can be.</param>
public readonly record struct FlameBox(FunctionId? Function, int Depth, ulong Start, ulong Width, ulong Self, long Calls, long Unknown);
