namespace Calltap.Trace;

/// <summary>Which calls a visitor is told of; the times of all calls stay what they are.</summary>
/// <param name="roots">Functions that are wanted with everything they call; null: all.</param>
/// <param name="maxDepth">So many levels are told of, counted from the roots, or from the outermost calls.</param>
public sealed class CallScope(IEnumerable<FunctionId>? roots = null, int maxDepth = int.MaxValue)
{
    readonly HashSet<FunctionId>? _roots = roots?.ToHashSet();

    /// <summary>Every call.</summary>
    public static CallScope All { get; } = new();

    /// <summary>Depth of a call below its root, from 0; -1 outside all roots.</summary>
    /// <param name="function">The function called.</param>
    /// <param name="caller">This depth of the caller; -1 without a caller.</param>
    internal int DepthOf(FunctionId function, int caller) =>
        caller >= 0 ? caller + 1 : _roots is null || _roots.Contains(function) ? 0 : -1;

    /// <summary>Whether the visitor is told of a call at this depth.</summary>
    internal bool Tells(int depth) => (uint)depth < (uint)maxDepth;
}
