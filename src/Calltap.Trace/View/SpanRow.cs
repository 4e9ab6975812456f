namespace Calltap.Trace;

/// <summary>The calls of one row of a thread, none of which overlap, at several levels of detail.</summary>
/// <remarks>
/// Each level merges what is shorter than its resolution, which is four times that of the one before; one that would save less than half is left
/// out. So all levels together have at most as many spans as the row has calls, and a window is drawn from spans about as many as it has pixels.
/// </remarks>
sealed class SpanRow
{
    const int FewEnough = 256;
    const int Step = 4;

    readonly Column<StoredCall> _calls;
    readonly ReadOnlyMemory<int> _members;
    readonly int _row;
    readonly List<(ulong Resolution, CallSpan[] Spans)> _levels = [];

    /// <summary>A row with the calls whose numbers are <paramref name="members"/>; its finest level merges at <paramref name="finest"/> ticks.</summary>
    public SpanRow(Column<StoredCall> calls, ReadOnlyMemory<int> members, int row, ulong finest)
    {
        (_calls, _members, _row) = (calls, members, row);
        if (members.Length <= FewEnough)
            return;
        ulong duration = CallTime.Between(calls[members.Span[0]].Start, calls[members.Span[^1]].Start);
        int last = members.Length;
        for (ulong resolution = finest; last > FewEnough && resolution < duration && resolution <= ulong.MaxValue / Step; resolution *= Step)
        {
            List<CallSpan> merged = [];
            Collect(0, ulong.MaxValue, resolution, merged);
            if (merged.Count > last / 2)
                continue;
            _levels.Add((resolution, [.. merged]));
            last = merged.Count;
        }
    }

    /// <summary>Adds what touches the window, merged at the resolution, to <paramref name="output"/>.</summary>
    public void Collect(ulong from, ulong to, ulong resolution, List<CallSpan> output)
    {
        var merge = new SpanMerge(resolution, output);
        int level = _levels.FindLastIndex(level => level.Resolution <= resolution);
        if (level >= 0)
            FromLevel(_levels[level].Spans, from, to, merge);
        else
            FromCalls(from, to, merge);
        merge.Flush();
    }

    static void FromLevel(CallSpan[] spans, ulong from, ulong to, SpanMerge merge)
    {
        int at = FirstWhere(spans.Length, i => spans[i].End >= from);
        for (; at < spans.Length && spans[at].Start <= to; at++)
            merge.Add(spans[at]);
    }

    void FromCalls(ulong from, ulong to, SpanMerge merge)
    {
        ReadOnlyMemory<int> members = _members;
        int at = FirstWhere(members.Length, i => _calls[members.Span[i]].End >= from);
        ReadOnlySpan<int> numbers = members.Span;
        for (; at < numbers.Length; at++)
        {
            ref readonly StoredCall call = ref _calls[numbers[at]];
            if (call.Start > to)
                return;
            merge.Add(new CallSpan
            {
                Start = call.Start, End = call.End, Busy = call.Ticks, LongestTicks = call.Ticks, Longest = numbers[at],
                Calls = 1, Unknown = call.IsKnown ? 0 : 1, Row = _row,
            });
        }
    }

    static int FirstWhere(int count, Func<int, bool> holds)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (holds(middle))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
