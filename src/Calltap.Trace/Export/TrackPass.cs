namespace Calltap.Trace;

/// <summary>
/// A pass over the calls of one thread for one of its tracks. A call is on the track of its caller; an outermost one on the first without open calls.
/// </summary>
sealed class TrackPass(Track track, TrackClock clock, ExitCoverage coverage, ITrackVisitor visitor, LostRecord lostBefore) : ICallVisitor
{
    readonly List<Stack<long>> _open = [new()];
    LostRecord _lost = lostBefore;
    TscTime? _end;
    ExportTotals _totals = new();
    long _calls;
    long _unknownEnds;
    long _told;
    long _toldAtLoss;
    long _last;
    int _current;
    bool _isBegun;

    /// <summary>How many tracks the thread needs, as far as it was read.</summary>
    public int Stacks => _open.Count;

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        _current = StackOf(parent);
        _open[_current].Push(_told++);
        if (_current != track.Stack)
            return;
        Begin();
        _calls++;
        _last = Math.Max(_last, clock.At(start));
        visitor.OnEntry(function, _last);
    }

    /// <inheritdoc/>
    public void OnCall(in Call call)
    {
        _current = StackOf(call.Index);
        _open[_current].Pop();
        if (_current != track.Stack)
            return;
        if (call.End is null)
            _unknownEnds++;
        if ((call.End ?? OpenUntil(call)) is { } end)
            _last = Math.Max(_last, clock.At(end));
        visitor.OnExit(call, _last);
    }

    /// <summary>Events of the thread were lost.</summary>
    public void OnLost(in LostRecord lost)
    {
        _toldAtLoss = _told;
        var loss = new TrackLoss(Math.Max(0, lost.Entries - _lost.Entries), Math.Max(0, lost.Exits - _lost.Exits), Math.Max(0, lost.Holes - _lost.Holes));
        _lost = lost;
        if (track.Stack != 0 || loss == default)
            return;
        // The record's time is when the tracer saw it, which may be behind the next events.
        long ns = _isBegun ? _last : clock.At(lost.Time);
        Begin();
        _totals += new ExportTotals { Lost = loss.Entries + loss.Holes };
        visitor.OnLost(loss, ns);
    }

    /// <summary>The part ends at <paramref name="end"/>, and with it what is open.</summary>
    public void IsFinishing(TscTime end, CallTreeBuilder calls)
    {
        calls.EndDoubt();
        _end = end;
        calls.Finish();
    }

    /// <summary>Ends the track.</summary>
    /// <returns>What it held.</returns>
    public ExportTotals Finish(long orphanExits)
    {
        long orphans = track.Stack == 0 ? orphanExits : 0;
        if (orphans > 0)
            Begin();
        if (!_isBegun)
            return new ExportTotals();
        ExportTotals all = _totals with { Tracks = 1, Calls = _calls, UnknownEnds = _unknownEnds, OrphanExits = orphans };
        visitor.OnEnd(all, _last);
        return all;
    }

    // What is open where the part ends was open until then, unless it could pass an exit unseen.
    TscTime? OpenUntil(in Call call) => _end is { } end && call.Index >= _toldAtLoss ? coverage.OpenUntil(call.Function, call.Start, end) : null;

    int StackOf(long innermost)
    {
        for (int tried = 0, stack = _current; tried < _open.Count; tried++, stack = (stack + 1) % _open.Count)
            if (innermost >= 0 && _open[stack].TryPeek(out long top) && top == innermost)
                return stack;
        int free = _open.FindIndex(open => open.Count == 0);
        if (free >= 0)
            return free;
        _open.Add(new Stack<long>());
        return _open.Count - 1;
    }

    void Begin()
    {
        if (!_isBegun)
            visitor.OnTrack(track);
        _isBegun = true;
    }
}
