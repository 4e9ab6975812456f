using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>What the calls of all groups add up to, by group. One thread at a time.</summary>
sealed class FunctionSums
{
    FunctionTimes[] _groups = [];

    /// <summary>All groups up to the highest that has calls.</summary>
    public Span<FunctionTimes> Groups => _groups;

    /// <summary>Adds another one's sums, which is not to be used any more.</summary>
    public void Add(FunctionSums other)
    {
        for (int i = 0; i < other._groups.Length; i++)
            if (other._groups[i].Calls > 0)
                Of(i).Add(ref other._groups[i]);
    }

    /// <summary>The sums of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref FunctionTimes Of(int group)
    {
        FunctionTimes[] groups = _groups;
        return ref ((uint)group < (uint)groups.Length ? groups : Grow(group))[group];
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom needed; within the loop it would take the registers
    FunctionTimes[] Grow(int group)
    {
        Array.Resize(ref _groups, Math.Max(group + 1, _groups.Length * 2));
        return _groups;
    }
}
