namespace Calltap.Trace;

/// <summary>The calls of one thread, ready to be drawn at any scale. Several threads may ask at once.</summary>
public sealed class ThreadLane
{
    const int FinestLevel = 16; // mean distances of calls: below, a window is drawn from the calls themselves

    readonly Column<StoredCall> _calls;
    readonly IReadOnlyList<LostGap> _gaps;
    readonly SpanRow[] _rows;

    internal ThreadLane(Tid id, Column<StoredCall> calls, int rows, IReadOnlyList<LostGap> gaps, FlameTree flame)
    {
        (Id, _calls, _gaps, Flame) = (id, calls, gaps, flame);
        _rows = SortIntoRows(calls, rows);
    }

    /// <summary>The thread's id in the file.</summary>
    public Tid Id { get; }

    /// <summary>Number of calls.</summary>
    public int Calls => _calls.Count;

    /// <summary>Number of rows: of calls that were open at once, at most.</summary>
    public int Rows => _rows.Length;

    /// <summary>Events that were lost, of all kinds.</summary>
    public long Lost => _gaps.Sum(gap => gap.Lost);

    /// <summary>Time of the first call's entry; null without calls.</summary>
    public TscTime? First => Calls > 0 ? new TscTime(_calls[0].Start) : null;

    internal FlameTree Flame { get; }

    internal ref readonly StoredCall this[int call] => ref _calls[call];

    /// <summary>What is drawn in a window.</summary>
    /// <param name="window">The window.</param>
    /// <param name="firstRow">The first row wanted.</param>
    /// <param name="rows">So many rows.</param>
    /// <param name="resolution">Calls shorter than so many ticks may be merged.</param>
    /// <param name="most">At most so many spans; the resolution is made coarser until they are no more, or nothing is left to merge.</param>
    public LaneSpans Collect(TimeWindow window, int firstRow, int rows, ulong resolution, int most)
    {
        int end = (int)Math.Min((long)firstRow + rows, _rows.Length);
        List<CallSpan> spans = [];
        for (resolution = Math.Max(resolution, 1); ; resolution = resolution > ulong.MaxValue / 2 ? ulong.MaxValue : resolution * 2)
        {
            bool isLast = resolution == ulong.MaxValue || resolution > CallTime.Between(window.From.Value, window.To.Value);
            spans.Clear();
            for (int row = Math.Max(firstRow, 0); row < end && (isLast || spans.Count <= most); row++)
                _rows[row].Collect(window.From.Value, window.To.Value, resolution, spans);
            if (isLast || spans.Count <= most)
                return new LaneSpans(spans, GapsIn(window, resolution), resolution);
        }
    }

    // Whatever a file says of losses, those closer than the resolution are one.
    List<LostGap> GapsIn(TimeWindow window, ulong resolution)
    {
        List<LostGap> found = [];
        foreach (LostGap gap in _gaps)
        {
            if (gap.To < window.From.Value || gap.From > window.To.Value)
                continue;
            if (found.Count > 0 && CallTime.Between(found[^1].To, gap.From) < resolution)
                found[^1] = new LostGap(found[^1].From, Math.Max(found[^1].To, gap.To), found[^1].Lost + gap.Lost);
            else
                found.Add(gap);
        }

        return found;
    }

    static SpanRow[] SortIntoRows(Column<StoredCall> calls, int rows)
    {
        int[] ends = new int[rows + 1];
        for (int i = 0; i < calls.Count; i++)
            ends[calls[i].Row + 1]++;
        for (int row = 1; row <= rows; row++)
            ends[row] += ends[row - 1];
        int[] members = new int[calls.Count];
        for (int i = 0; i < calls.Count; i++)
            members[ends[calls[i].Row]++] = i;
        ulong duration = calls.Count > 0 ? CallTime.Between(calls[0].Start, calls[calls.Count - 1].Start) : 0;
        ulong finest = Math.Max(1, duration / (ulong)Math.Max(calls.Count, 1) * FinestLevel);
        return [.. Enumerable.Range(0, rows).Select(row =>
        {
            int start = row == 0 ? 0 : ends[row - 1];
            return new SpanRow(calls, members.AsMemory(start, ends[row] - start), row, finest);
        })];
    }
}
