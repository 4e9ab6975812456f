namespace Calltap.Trace;

/// <summary>
/// The different stacks of calls in a part of a trace, of all threads together. Memory grows with their number, which is bounded, not with that of calls.
/// Of each function all calls and all time are there, whatever the bounds.
/// </summary>
public sealed class StackTree : ITrackVisitor
{
    /// <summary>Different stacks that are kept apart. What has another one is counted below the one stack that stands for all others.</summary>
    public const int MaxStacks = 1 << 20;

    /// <summary>Calls of a stack that are kept apart; below those, calls count as made by the one at this depth.</summary>
    public const int MaxDepth = 1024;

    readonly Dictionary<(int Parent, FunctionId Function), StackNode> _children = [];
    readonly List<StackNode> _nodes = [new StackNode(null, null, 0)];
    readonly Stack<StackNode> _open = new();

    StackTree()
    {
    }

    /// <summary>All stacks, callers first; the first is the empty one.</summary>
    public IReadOnlyList<StackNode> Nodes => _nodes;

    /// <summary>What was read.</summary>
    public ExportTotals Totals { get; private set; } = new();

    /// <summary>Calls whose time in themselves is not known, because their end is not, or that of a call they made.</summary>
    public long UnknownSelf { get; private set; }

    /// <summary>Stands for all stacks that were too many; null where none were.</summary>
    public StackNode? Others { get; private set; }

    /// <summary>Reads a part of a trace.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static StackTree Build(TraceReader trace, ExportPart part)
    {
        var tree = new StackTree();
        tree.Totals = TrackReader.Read(trace, part, tree);
        return tree;
    }

    void ITrackVisitor.OnTrack(Track track) => _open.Clear();

    void ITrackVisitor.OnEntry(FunctionId function, long ns) => _open.Push(Child(_open.TryPeek(out StackNode? caller) ? caller : _nodes[0], function));

    void ITrackVisitor.OnExit(in Call call, long ns)
    {
        _open.Pop().Add(call);
        UnknownSelf += call.SelfTicks is null ? 1 : 0;
    }

    void ITrackVisitor.OnLost(in TrackLoss loss, long ns)
    {
        // Counted in the totals: a sum has no place for it.
    }

    void ITrackVisitor.OnEnd(ExportTotals totals, long ns)
    {
        // As above.
    }

    StackNode Child(StackNode caller, FunctionId function)
    {
        StackNode parent = caller.Depth < MaxDepth ? caller : caller.Parent!;
        if (_children.TryGetValue((parent.Number, function), out StackNode? known))
            return known;
        if (_nodes.Count < MaxStacks)
            return Add(parent, function);
        Others ??= Add(_nodes[0], null);
        return _children.TryGetValue((Others.Number, function), out StackNode? other) ? other : Add(Others, function);
    }

    StackNode Add(StackNode parent, FunctionId? function)
    {
        var node = new StackNode(parent, function, _nodes.Count);
        _nodes.Add(node);
        if (function is { } known)
            _children.Add((parent.Number, known), node);
        return node;
    }
}
