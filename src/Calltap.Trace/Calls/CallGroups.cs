using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>What calls are added up by: each call belongs to one group, by default its function.</summary>
/// <param name="ofFunction">The group of each function, by id; functions beyond are in the last group. Null: each function is its own.</param>
/// <param name="byCaller">Whether a call's group is that of the function it was called from, counted from 1; 0 without a traced caller.</param>
sealed class CallGroups(int[]? ofFunction = null, bool byCaller = false)
{
    readonly int[]? _ofFunction = ofFunction;

    /// <summary>Every function is a group.</summary>
    public static CallGroups Functions { get; } = new();

    /// <summary>All calls are one group.</summary>
    public static CallGroups One { get; } = new([0]);

    /// <summary>The group of a call.</summary>
    /// <param name="function">The function called.</param>
    /// <param name="caller">The function it was called from; -1 without one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Of(int function, int caller)
    {
        if (byCaller)
            return caller + 1;
        return _ofFunction is null ? function : _ofFunction[Math.Min(function, _ofFunction.Length - 1)];
    }
}
