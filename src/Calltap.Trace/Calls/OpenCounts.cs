using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>How many calls of each group a thread has open; pages, because a thread uses few of all groups.</summary>
sealed class OpenCounts
{
    const int PageBits = 8;
    const int PageMask = (1 << PageBits) - 1;

    int[]?[] _pages = [];

    /// <summary>The count of <paramref name="group"/>, at most <see cref="TraceLimits.MaxFunctionId"/> + 1.</summary>
    public ref int this[int group]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            int page = group >> PageBits;
            int[]?[] pages = _pages;
            return ref (page < pages.Length && pages[page] is { } counts ? counts : Grow(page))[group & PageMask];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom needed; within the loop it would take the registers
    int[] Grow(int page)
    {
        if (page >= _pages.Length)
            Array.Resize(ref _pages, Math.Max(page + 1, _pages.Length * 2));
        return _pages[page] ??= new int[PageMask + 1];
    }
}
