namespace Calltap.Trace;

/// <summary>How wide each node of a tree is: never less than what lies on it, whatever the file says.</summary>
sealed class FlameWidths
{
    /// <summary>Adds up a tree.</summary>
    public FlameWidths(FlameTree tree, FlameMetric metric)
    {
        (Total, Self) = (new ulong[tree.Count], new ulong[tree.Count]);
        bool isTime = metric != FlameMetric.Calls;
        for (int i = tree.Count - 1; i >= 0; i--)
        {
            ref readonly FlameNode node = ref tree[i];
            ulong below = Total[i] + (isTime ? node.Cut : 0);
            Total[i] = isTime ? Math.Max(node.Ticks, below) : below + (ulong)node.Calls;
            Self[i] = Total[i] - below;
            if (i > 0)
                Total[node.Parent] += Total[i];
        }
    }

    /// <summary>Width of each node.</summary>
    public ulong[] Total { get; }

    /// <summary>How much of it is the node's own.</summary>
    public ulong[] Self { get; }
}
