using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>Which calls a visitor is told of; the times of all calls stay what they are.</summary>
public sealed class CallScope
{
    readonly bool[]? _roots;
    readonly int _maxDepth;

    /// <summary>The calls of some functions with what they call, or of all; so many levels of them.</summary>
    /// <param name="roots">Functions that are wanted with everything they call; null: all.</param>
    /// <param name="maxDepth">So many levels are told of, counted from the roots, or from the outermost calls.</param>
    public CallScope(IEnumerable<FunctionId>? roots = null, int maxDepth = int.MaxValue)
    {
        _maxDepth = maxDepth;
        if (roots is null)
            return;
        FunctionId[] all = [.. roots];
        _roots = new bool[all.Length == 0 ? 0 : all.Max(root => root.Value) + 1];
        foreach (FunctionId root in all)
            _roots[root.Value] = true;
    }

    /// <summary>Every call.</summary>
    public static CallScope All { get; } = new();

    /// <summary>Whether every call is in it.</summary>
    internal bool IsAll => _roots is null && _maxDepth == int.MaxValue;

    /// <summary>Whether there are calls outside all roots.</summary>
    internal bool HasOutside => _roots is not null;

    /// <summary>Whether each function is a root; those beyond are none. Null: all are.</summary>
    internal bool[]? Roots => _roots;

    /// <summary>Depth of a call below its root, from 0; -1 outside all roots.</summary>
    /// <param name="function">The function called.</param>
    /// <param name="caller">This depth of the caller; -1 without a caller.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int DepthOf(int function, int caller) => caller >= 0 ? caller + 1 : IsRoot(function) ? 0 : -1;

    /// <summary>Whether a call of the function outside of all others is in it.</summary>
    internal bool IsRoot(int function) => _roots is null || ((uint)function < (uint)_roots.Length && _roots[function]);

    /// <summary>Whether the visitor is told of a call at this depth.</summary>
    internal bool Tells(int depth) => (uint)depth < (uint)_maxDepth;
}
