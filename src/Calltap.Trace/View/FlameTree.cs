namespace Calltap.Trace;

/// <summary>The calls of a thread by the way they came, node 0 being the root. A parent has a lower number than its children.</summary>
/// <remarks>Beside <see cref="GraphNode"/>, which has a dictionary for each node, this takes 40 bytes a node and one table for all.</remarks>
sealed class FlameTree
{
    /// <summary>Most nodes: a program may have millions of ways through it. What has none belongs to <see cref="FlameNode.Cut"/> of the nearest caller that has one.</summary>
    public const int MaxNodes = 1 << 20;

    const int Smallest = 64;

    readonly Column<FlameNode> _nodes = new();
    int[] _table = new int[Smallest]; // numbers of nodes by caller and function, 0 where none is

    /// <summary>A tree of the root alone.</summary>
    public FlameTree() => _nodes.Add(new FlameNode { Function = -1, Parent = -1, FirstChild = -1, NextSibling = -1 });

    /// <summary>Number of nodes.</summary>
    public int Count => _nodes.Count;

    /// <summary>A node.</summary>
    public ref FlameNode this[int node] => ref _nodes[node];

    /// <summary>The node of what <paramref name="parent"/> calls; -1 when it has none and there is no room for more.</summary>
    public int Child(int parent, int function)
    {
        int at = Slot(parent, function);
        if (_table[at] != 0)
            return _table[at];
        if (Count >= MaxNodes)
            return -1;
        int node = Count;
        _nodes.Add(new FlameNode { Function = function, Parent = parent, FirstChild = -1, NextSibling = _nodes[parent].FirstChild });
        _nodes[parent].FirstChild = node;
        _table[at] = node;
        if (Count * 2 > _table.Length)
            Grow();
        return node;
    }

    /// <summary>The node of what <paramref name="parent"/> calls; -1 without.</summary>
    public int Find(int parent, int function) => _table[Slot(parent, function)] is var node and > 0 ? node : -1;

    /// <summary>Adds all calls of another tree.</summary>
    public void Add(FlameTree other)
    {
        int[] own = new int[other.Count];
        _nodes[0].Cut += other[0].Cut;
        for (int i = 1; i < other.Count; i++)
        {
            ref readonly FlameNode from = ref other[i];
            int parent = own[from.Parent];
            own[i] = parent < 0 ? -1 : Child(parent, from.Function);
            if (own[i] >= 0)
                AddTo(own[i], from);
            else if (parent >= 0)
                _nodes[parent].Cut += from.Ticks;
        }
    }

    void AddTo(int node, in FlameNode from)
    {
        ref FlameNode to = ref _nodes[node];
        to.Ticks += from.Ticks;
        to.Cut += from.Cut;
        to.Calls += from.Calls;
        to.Unknown += from.Unknown;
    }

    int Slot(int parent, int function)
    {
        uint mask = (uint)_table.Length - 1;
        uint at = (uint)(((ulong)(uint)parent << 32 | (uint)function) * 0x9E3779B97F4A7C15 >> 32) & mask;
        while (_table[at] is var node and > 0 && (_nodes[node].Parent != parent || _nodes[node].Function != function))
            at = (at + 1) & mask;
        return (int)at;
    }

    void Grow()
    {
        _table = new int[_table.Length * 2];
        for (int node = 1; node < Count; node++)
            _table[Slot(_nodes[node].Parent, _nodes[node].Function)] = node;
    }
}
