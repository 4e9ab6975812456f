namespace Calltap.Code.Analysis;

/// <summary>The ranges no region may touch, merged and sorted for a binary search.</summary>
internal sealed class RefusedRanges
{
    private readonly List<(ImageAddress Start, ImageAddress End)> _ranges = [];

    internal RefusedRanges(IReadOnlyList<CodeRange> ranges)
    {
        foreach (CodeRange range in ranges.OrderBy(r => r.Start))
        {
            if (_ranges.Count > 0 && range.Start <= _ranges[^1].End)
                _ranges[^1] = (_ranges[^1].Start, range.End > _ranges[^1].End ? range.End : _ranges[^1].End);
            else if (range.End > range.Start)
                _ranges.Add((range.Start, range.End));
        }
    }

    /// <summary>Whether one of the bytes from <paramref name="start"/> up to <paramref name="end"/> is refused.</summary>
    internal bool Overlaps(ImageAddress start, ImageAddress end)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].End <= start)
                low = middle + 1;
            else if (_ranges[middle].Start >= end)
                high = middle - 1;
            else
                return true;
        }

        return false;
    }
}
