namespace Calltap.Trace;

/// <summary>A flame graph from the outermost calls on.</summary>
sealed class FlameCallees(FlameTree tree, FlameWidths widths) : IFlameWay
{
    int _root;

    /// <inheritdoc/>
    public ulong Width => widths.Total[_root];

    /// <inheritdoc/>
    public bool Enter(IReadOnlyList<FunctionId> path)
    {
        _root = 0;
        foreach (FunctionId function in path)
            if ((_root = tree.Find(_root, function.Value)) < 0)
                return false;
        return true;
    }

    /// <inheritdoc/>
    public void Collect(double least, int most, List<FlameBox> boxes) => Add(_root, 0, 0, least, most, boxes);

    /// <inheritdoc/>
    public ulong Search(IReadOnlySet<FunctionId> functions)
    {
        ulong found = 0;
        bool[] isInside = new bool[tree.Count], isFound = new bool[tree.Count];
        isInside[_root] = true;
        for (int i = _root; i < tree.Count; i++)
        {
            int parent = tree[i].Parent;
            isInside[i] |= parent >= 0 && isInside[parent];
            isFound[i] = parent >= 0 && isFound[parent];
            if (!isInside[i] || isFound[i] || i == 0 || !functions.Contains(new FunctionId(tree[i].Function)))
                continue;
            isFound[i] = true;
            found += widths.Total[i];
        }

        return found;
    }

    void Add(int node, int depth, ulong start, double least, int most, List<FlameBox> boxes)
    {
        ref readonly FlameNode own = ref tree[node];
        FunctionId? function = own.Function < 0 ? null : new FunctionId(own.Function);
        boxes.Add(new FlameBox(function, depth, start, widths.Total[node], widths.Self[node], own.Calls, own.Unknown));
        if (depth == FlameGraph.MaxDepth)
            return;
        List<int> shown = [];
        ulong rest = own.Cut;
        long restCalls = 0;
        for (int child = own.FirstChild; child >= 0; child = tree[child].NextSibling)
        {
            if (widths.Total[child] >= least)
                shown.Add(child);
            else
                (rest, restCalls) = (rest + widths.Total[child], restCalls + tree[child].Calls);
        }

        foreach (int child in shown.OrderByDescending(child => widths.Total[child]).ThenBy(child => tree[child].Function))
        {
            if (boxes.Count > most)
                return;
            Add(child, depth + 1, start, least, most, boxes);
            start += widths.Total[child];
        }

        if (rest > 0 && rest >= least)
            boxes.Add(new FlameBox(null, depth + 1, start, rest, 0, restCalls, 0));
    }
}
