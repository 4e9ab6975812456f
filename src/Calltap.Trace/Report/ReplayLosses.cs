namespace Calltap.Trace;

/// <summary>The losses that lines tell of: too rare, and too large, for each line to have room for one. For all threads.</summary>
sealed class ReplayLosses
{
    readonly List<(long Entries, long Exits, long Holes)> _losses = [];

    /// <summary>Adds one; returns its number.</summary>
    public int Add(long entries, long exits, long holes)
    {
        lock (_losses)
        {
            _losses.Add((entries, exits, holes));
            return _losses.Count - 1;
        }
    }

    /// <summary>The one with that number.</summary>
    public (long Entries, long Exits, long Holes) Of(int number)
    {
        lock (_losses)
            return _losses[number];
    }
}
