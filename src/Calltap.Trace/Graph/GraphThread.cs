namespace Calltap.Trace;

/// <summary>A thread's part of a call graph.</summary>
sealed class GraphThread : IEventVisitor, ICallVisitor
{
    const int MaxNodes = 1 << 20; // a file may tell of any number of ways

    readonly record struct Frame(FunctionId Function, long Parent, bool IsInside, GraphNode? Callee, GraphNode? Caller);

    readonly IReadOnlySet<FunctionId> _wanted;
    readonly int _maxDepth;
    readonly CallTreeBuilder _calls;
    readonly Dictionary<long, Frame> _open = [];
    long _entries;
    int _room = MaxNodes;

    /// <summary>A thread of a trace, with the functions that are asked for and how many steps are shown.</summary>
    public GraphThread(TraceCatalog catalog, ExitCoverage coverage, IReadOnlySet<FunctionId> wanted, int maxDepth)
    {
        (_wanted, _maxDepth) = (wanted, maxDepth);
        _calls = new CallTreeBuilder(catalog.Sites, coverage, this);
    }

    /// <summary>Callers, from the function on.</summary>
    public GraphNode Callers { get; } = new(default, null);

    /// <summary>What it calls.</summary>
    public GraphNode Callees { get; } = new(default, null);

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events) => _calls.Add(events);

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost) => _calls.AddLoss();

    /// <summary>The trace ended.</summary>
    public void Finish() => _calls.Finish();

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        bool called = _open.TryGetValue(parent, out Frame caller);
        bool begins = !caller.IsInside && _wanted.Contains(function);
        GraphNode? callee = begins ? Callees : caller is { IsInside: true, Callee: { } node } ? Next(node, function) : null;
        GraphNode? way = begins ? Way(called ? caller : null) : null;
        callee?.Enter();
        for (GraphNode? step = way; step is not null; step = step.Parent)
            step.Enter();
        _open.Add(_entries++, new Frame(function, parent, begins || caller.IsInside, callee, way));
    }

    /// <inheritdoc/>
    public void OnCall(in Call call)
    {
        if (!_open.Remove(call.Index, out Frame frame))
            return;
        frame.Callee?.End(call.Ticks, call.SelfTicks ?? 0);
        for (GraphNode? step = frame.Caller; step is not null; step = step.Parent)
            step.End(call.Ticks, 0);
    }

    GraphNode Way(Frame? caller)
    {
        GraphNode way = Callers;
        while (caller is { } frame && Next(way, frame.Function) is { } next)
        {
            way = next;
            caller = _open.TryGetValue(frame.Parent, out Frame outer) ? outer : null;
        }

        return way;
    }

    GraphNode? Next(GraphNode node, FunctionId function) => node.Depth < _maxDepth ? node.Child(function, ref _room) : null;
}
