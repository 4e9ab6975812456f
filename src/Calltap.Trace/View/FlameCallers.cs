namespace Calltap.Trace;

/// <summary>A flame graph from below: functions by the time they took themselves, and on each who called it.</summary>
sealed class FlameCallers(FlameTree tree, FlameWidths widths) : IFlameWay
{
    // A node that took time itself, with the node of its calls' callers that a box stands for.
    readonly record struct Part(int Leaf, int At);

    List<Part> _root = [];
    FunctionId? _function;

    /// <inheritdoc/>
    public ulong Width => SelfOf(_root);

    /// <inheritdoc/>
    public bool Enter(IReadOnlyList<FunctionId> path)
    {
        _root = [.. Enumerable.Range(1, tree.Count - 1).Where(node => widths.Self[node] > 0).Select(node => new Part(node, node))];
        for (int step = 0; step < path.Count; step++)
        {
            IEnumerable<Part> next = step == 0 ? _root : _root.Select(Up);
            _root = [.. next.Where(part => part.At > 0 && tree[part.At].Function == path[step].Value)];
            _function = path[step];
        }

        return _root.Count > 0 || path.Count == 0;
    }

    /// <inheritdoc/>
    public void Collect(double least, int most, List<FlameBox> boxes) => Add(_function, _root, 0, 0, least, most, boxes);

    /// <inheritdoc/>
    public ulong Search(IReadOnlySet<FunctionId> functions) => SelfOf(_root.Where(part => functions.Contains(new FunctionId(tree[part.Leaf].Function))));

    Part Up(Part part) => part with { At = tree[part.At].Parent };

    ulong SelfOf(IEnumerable<Part> parts) => parts.Aggregate(0ul, (sum, part) => sum + widths.Self[part.Leaf]);

    void Add(FunctionId? function, List<Part> parts, int depth, ulong start, double least, int most, List<FlameBox> boxes)
    {
        // The first box stands for functions, or for one; on the former lie functions, on any other one their callers.
        List<Part> above = function is null ? parts : [.. parts.Select(Up)];
        ulong outermost = SelfOf(above.Where(part => part.At == 0));
        boxes.Add(new FlameBox(function, depth, start, SelfOf(parts), outermost, parts.Sum(part => (long)tree[part.Leaf].Calls), parts.Sum(part => (long)tree[part.Leaf].Unknown)));
        if (depth == FlameGraph.MaxDepth)
            return;
        ulong rest = 0;
        foreach ((int next, List<Part> those, ulong self) in Groups(above).OrderByDescending(group => group.Self).ThenBy(group => group.Function))
        {
            if (boxes.Count > most)
                return;
            if (self < least)
            {
                rest += self;
                continue;
            }

            Add(new FunctionId(next), those, depth + 1, start, least, most, boxes);
            start += self;
        }

        if (rest > 0 && rest >= least)
            boxes.Add(new FlameBox(null, depth + 1, start, rest, 0, 0, 0));
    }

    IEnumerable<(int Function, List<Part> Parts, ulong Self)> Groups(List<Part> parts) =>
        parts.Where(part => part.At > 0).GroupBy(part => tree[part.At].Function).Select(group => (group.Key, Parts: group.ToList()))
            .Select(group => (group.Key, group.Parts, SelfOf(group.Parts)));
}
