namespace Calltap.Sessions;

/// <summary>What is free in an arena: ranges that do not touch.</summary>
sealed class FreeRoom
{
    readonly SortedList<TargetAddress, TargetAddress> _ends = []; // by start

    /// <summary>All of it is free.</summary>
    public FreeRoom(TargetAddress start, TargetAddress end) => _ends.Add(start, end);

    /// <summary>The same room.</summary>
    public FreeRoom(FreeRoom original)
    {
        foreach ((TargetAddress start, TargetAddress end) in original._ends) _ends.Add(start, end);
    }

    /// <summary>The free ranges, by address.</summary>
    public IEnumerable<(TargetAddress Start, TargetAddress End)> Ranges => _ends.Select(range => (range.Key, range.Value));

    /// <summary>Takes the first range that is large enough, or its beginning; null when none is.</summary>
    public TargetAddress? Take(long size)
    {
        foreach ((TargetAddress start, TargetAddress end) in _ends)
        {
            if (end - start < size) continue;
            _ends.Remove(start);
            if (end - start > size) _ends.Add(start + size, end);
            return start;
        }
        return null;
    }

    /// <summary>Gives back what was taken.</summary>
    public void Give(TargetAddress start, TargetAddress end)
    {
        foreach ((TargetAddress before, TargetAddress its) in Ranges.ToList())
        {
            if (its != start && before != end) continue;
            _ends.Remove(before);
            (start, end) = (before < start ? before : start, its > end ? its : end);
        }
        _ends.Add(start, end);
    }
}
