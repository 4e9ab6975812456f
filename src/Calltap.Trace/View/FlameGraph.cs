namespace Calltap.Trace;

/// <summary>The boxes of a flame graph.</summary>
public sealed record FlameGraph
{
    /// <summary>Deeper boxes are left out: nobody scrolls that far, and recursion may be a million deep.</summary>
    public const int MaxDepth = 500;

    const int MostRounds = 64;

    /// <summary>What widths stand for.</summary>
    public required FlameMetric Metric { get; init; }

    /// <summary>Boxes, each followed by those on it, the widest first; the first one is the root. Empty when there is no such path.</summary>
    public required IReadOnlyList<FlameBox> Boxes { get; init; }

    /// <summary>Width of those of the functions searched that lie in no other one.</summary>
    public required ulong Found { get; init; }

    /// <summary>Lays out a part of a thread's tree, or of all.</summary>
    internal static FlameGraph Of(FlameTree tree, FlameChoice choice)
    {
        var widths = new FlameWidths(tree, choice.Metric);
        IFlameWay way = choice.Metric == FlameMetric.Self ? new FlameCallers(tree, widths) : new FlameCallees(tree, widths);
        bool isThere = way.Enter(choice.Path);
        List<FlameBox> boxes = [];
        double least = isThere ? choice.Least * way.Width : 0;
        for (int round = 0; isThere && round < MostRounds; round++, least = Math.Max(1, least * 2))
        {
            boxes.Clear();
            way.Collect(least, choice.Most, boxes);
            if (boxes.Count <= choice.Most)
                break;
        }

        return new FlameGraph { Metric = choice.Metric, Boxes = boxes, Found = isThere && choice.Searched is { Count: > 0 } searched ? way.Search(searched) : 0 };
    }
}
