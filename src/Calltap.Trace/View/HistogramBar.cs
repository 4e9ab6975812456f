namespace Calltap.Trace;

/// <summary>Calls that took from <paramref name="FromNs"/> to less than <paramref name="ToNs"/> nanoseconds; a call within 0.8 % of a bound may count beyond it.</summary>
public readonly record struct HistogramBar(long FromNs, long ToNs, long Calls)
{
    const long Longest = 1_000_000_000_000_000_000;

    /// <summary>Bars whose bounds are 0, 1, 2, 5, 10, 20, 50 and so on, from the first to the last that has calls.</summary>
    internal static List<HistogramBar> Of(IEnumerable<(ulong Ticks, long Calls)> counts, TraceClock clock)
    {
        var calls = new SortedDictionary<int, long>();
        foreach ((ulong ticks, long more) in counts)
        {
            int bar = BarOf(clock.ToNs(ticks));
            calls[bar] = calls.GetValueOrDefault(bar) + more;
        }

        if (calls.Count == 0)
            return [];
        int first = calls.Keys.First(), last = calls.Keys.Last();
        return [.. Enumerable.Range(first, last - first + 1).Select(bar => new HistogramBar(BoundOf(bar), BoundOf(bar + 1), calls.GetValueOrDefault(bar)))];
    }

    static int BarOf(long ns)
    {
        int bar = 0;
        while (ns >= BoundOf(bar + 1) && BoundOf(bar + 1) < Longest)
            bar++;
        return bar;
    }

    // 0, 1, 2, 5, 10, ...
    static long BoundOf(int bar)
    {
        if (bar == 0)
            return 0;
        long bound = ((bar - 1) % 3) switch { 0 => 1, 1 => 2, _ => 5 };
        for (int decade = (bar - 1) / 3; decade > 0; decade--)
            bound *= 10;
        return bound;
    }
}
