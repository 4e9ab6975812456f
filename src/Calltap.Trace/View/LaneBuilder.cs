using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>Takes the events of one thread and keeps its calls, its flame graph, and its part of the statistics.</summary>
/// <remarks>
/// A call is drawn in the row below its caller's. Where another call is open there (a signal handler or a coroutine runs on a stack of its own), it
/// goes below all that are open: so calls of one row never overlap.
/// </remarks>
sealed class LaneBuilder : IEventVisitor, ICallVisitor
{
    struct OpenCall
    {
        public bool IsOpen;
        public int Node;
        public ulong ChildTicks;
    }

    readonly Tid _id;
    readonly ulong _openUntil;
    readonly ReportPool _pool;
    readonly Action<long>? _progress;
    readonly CallTreeBuilder _tree;
    readonly Column<StoredCall> _calls = new();
    readonly FlameTree _flame = new();
    readonly List<OpenCall> _rows = [];
    readonly List<LostGap> _gaps = [];
    FunctionSums? _sums;
    LostRecord _lost;
    bool _isInGap;
    int _open;
    ulong _lastStart;

    /// <summary>A thread of a trace. Calls that are open at its end are drawn until <paramref name="openUntil"/>; <paramref name="progress"/> is told how many events were taken.</summary>
    public LaneBuilder(Tid id, ulong openUntil, TraceCatalog catalog, ExitCoverage coverage, CallScope scope, ReportPool pool, Action<long>? progress)
    {
        (_id, _openUntil, _pool, _progress) = (id, openUntil, pool, progress);
        _tree = new CallTreeBuilder(catalog.Sites, coverage, this, scope);
    }

    /// <summary>Number of events.</summary>
    public long Events { get; private set; }

    /// <summary>Time of the first event; <see cref="ulong.MaxValue"/> without one.</summary>
    public ulong First { get; private set; } = ulong.MaxValue;

    /// <summary>Time of the last event.</summary>
    public ulong Last { get; private set; }

    /// <inheritdoc cref="CallTreeBuilder.OrphanExits"/>
    public long OrphanExits => _tree.OrphanExits;

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        EndGap(events[0].Time.Value);
        Events += events.Length;
        First = Math.Min(First, events[0].Time.Value);
        Last = Math.Max(Last, events[^1].Time.Value);
        WithSums(events, (all, self) => self._tree.Add(all));
        _progress?.Invoke(events.Length);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        long more = Math.Max(0, lost.Entries - _lost.Entries) + Math.Max(0, lost.Exits - _lost.Exits) + Math.Max(0, lost.Holes - _lost.Holes);
        _lost = lost;
        ulong from = Events > 0 ? Last : lost.Time.Value;
        if (_isInGap)
            _gaps[^1] = _gaps[^1] with { Lost = _gaps[^1].Lost + more };
        else if (more > 0)
            _gaps.Add(new LostGap(from, from, more));
        _isInGap |= more > 0;
        WithSums(default, (_, self) => self._tree.AddLoss());
    }

    /// <summary>The trace ended.</summary>
    public ThreadLane Finish()
    {
        WithSums(default, (_, self) => self._tree.Finish());
        EndGap(Math.Max(_openUntil, Last));
        return new ThreadLane(_id, _calls, _rows.Count, _gaps, _flame);
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        int caller = (int)parent;
        int row = caller < 0 ? _open : _calls[caller].Row + 1;
        if (row < _open && _rows[row].IsOpen)
            row = _open;
        if (row == _rows.Count)
            _rows.Add(default);
        int callerNode = caller < 0 ? 0 : _rows[_calls[caller].Row].Node;
        int node = callerNode < 0 ? -1 : _flame.Child(callerNode, function.Value);
        if (node >= 0)
            _flame[node].Calls++;
        CollectionsMarshal.AsSpan(_rows)[row] = new OpenCall { IsOpen = true, Node = node };
        _open = Math.Max(_open, row + 1);
        _lastStart = Math.Max(_lastStart, start.Value);
        _calls.Add(new StoredCall { Start = _lastStart, Function = function.Value, Parent = caller, Row = row });
    }

    /// <inheritdoc/>
    public void OnCall(in Call call)
    {
        _sums!.Of(call.Function.Value).Add(call);
        ref StoredCall stored = ref _calls[(int)call.Index];
        bool isOpen = call.Ticks is null && _tree.Now.Value == ulong.MaxValue;
        stored.Ticks = call.Ticks ?? CallTime.Between(stored.Start, isOpen ? Math.Max(_openUntil, Last) : _tree.Now.Value);
        stored.Ending = isOpen ? CallEnding.Open : (CallEnding)call.EndedBy;
        Span<OpenCall> rows = CollectionsMarshal.AsSpan(_rows);
        ref OpenCall open = ref rows[stored.Row];
        ulong ticks = call.Ticks ?? open.ChildTicks;
        AddToFlame(open.Node, stored.Parent < 0 ? 0 : rows[_calls[stored.Parent].Row].Node, ticks, call.Ticks is null);
        if (stored.Parent >= 0)
            rows[_calls[stored.Parent].Row].ChildTicks += ticks;
        open.IsOpen = false;
        while (_open > 0 && !rows[_open - 1].IsOpen)
            _open--;
    }

    void AddToFlame(int node, int caller, ulong ticks, bool isUnknown)
    {
        if (node >= 0)
        {
            ref FlameNode own = ref _flame[node];
            own.Ticks += ticks;
            own.Unknown += isUnknown ? 1 : 0;
        }
        else if (caller >= 0)
        {
            _flame[caller].Cut += ticks;
        }
    }

    void EndGap(ulong time)
    {
        if (_isInGap)
            _gaps[^1] = _gaps[^1] with { To = Math.Max(_gaps[^1].From, time) };
        _isInGap = false;
    }

    // Borrowed for a moment, so that as many exist as processors work, not as many as the trace has threads.
    void WithSums(ReadOnlySpan<TraceEvent> events, Action<ReadOnlySpan<TraceEvent>, LaneBuilder> work)
    {
        _sums = _pool.TakeSums();
        work(events, this);
        _pool.Give(_sums);
        _sums = null;
    }
}
