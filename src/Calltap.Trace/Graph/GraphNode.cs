namespace Calltap.Trace;

/// <summary>Calls that have one way in common: of callers, seen from the function, or of what it calls.</summary>
public sealed class GraphNode
{
    readonly Dictionary<FunctionId, GraphNode> _children = [];

    internal GraphNode(FunctionId function, GraphNode? parent)
    {
        (Function, Parent) = (function, parent);
        Depth = parent is null ? 0 : parent.Depth + 1;
    }

    /// <summary>The function at this end of the way.</summary>
    public FunctionId Function { get; }

    /// <summary>One step nearer to the function that was asked for; null for itself.</summary>
    public GraphNode? Parent { get; }

    /// <summary>Steps from it.</summary>
    public int Depth { get; }

    /// <summary>How many calls came this way.</summary>
    public long Calls { get; private set; }

    /// <summary>Ticks of those whose end is known.</summary>
    public ulong Ticks { get; private set; }

    /// <summary>Ticks that those spent in no traced call; for callers 0.</summary>
    public ulong SelfTicks { get; private set; }

    /// <summary>Calls whose time is not known.</summary>
    public long Unknown { get; private set; }

    /// <summary>One step further, those with the most time first, then with the most calls.</summary>
    public IEnumerable<GraphNode> Children => _children.Values.OrderByDescending(node => node.Ticks).ThenByDescending(node => node.Calls).ThenBy(node => node.Function);

    /// <summary>The node one step further; null when it is a new one and there is no <paramref name="room"/> for more.</summary>
    internal GraphNode? Child(FunctionId function, ref int room)
    {
        if (_children.TryGetValue(function, out GraphNode? child) || room == 0)
            return child;
        room--;
        _children.Add(function, child = new GraphNode(function, this));
        return child;
    }

    internal void Enter() => Calls++;

    internal void End(ulong? ticks, ulong self)
    {
        if (ticks is not { } known)
            Unknown++;
        else
            (Ticks, SelfTicks) = (Ticks + known, SelfTicks + self);
    }

    internal void Add(GraphNode other)
    {
        Calls += other.Calls;
        Ticks += other.Ticks;
        SelfTicks += other.SelfTicks;
        Unknown += other.Unknown;
        int room = other._children.Count;
        foreach (GraphNode child in other._children.Values)
            Child(child.Function, ref room)!.Add(child);
    }
}
