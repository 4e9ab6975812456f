namespace Calltap.Trace;

/// <summary>How many calls of each function a thread has open; pages, because a thread uses few of all functions.</summary>
sealed class OpenCounts
{
    const int PageBits = 8;
    const int PageMask = (1 << PageBits) - 1;

    int[]?[] _pages = [];

    /// <summary>The count of <paramref name="function"/>, at most <see cref="TraceLimits.MaxFunctionId"/>.</summary>
    public ref int this[int function]
    {
        get
        {
            int page = function >> PageBits;
            if (page >= _pages.Length)
                Array.Resize(ref _pages, Math.Max(page + 1, _pages.Length * 2));
            return ref (_pages[page] ??= new int[PageMask + 1])[function & PageMask];
        }
    }
}
