namespace Calltap.Trace;

/// <summary>Who calls a function, and what it calls, each way with its calls and times.</summary>
/// <remarks>A call of the function within one of its own belongs to what that one calls: no time counts twice.</remarks>
public sealed record CallGraph
{
    /// <summary>The functions that were asked for.</summary>
    public required IReadOnlyList<FunctionId> Functions { get; init; }

    /// <summary>Their callers: each node's children are the callers of the way so far.</summary>
    public required GraphNode Callers { get; init; }

    /// <summary>What they call.</summary>
    public required GraphNode Callees { get; init; }

    /// <summary>Reads a trace, or a part of it, on all processors.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="functions">The functions asked for.</param>
    /// <param name="maxDepth">How many steps up and down.</param>
    /// <param name="window">The part; null for all.</param>
    /// <exception cref="IOException">The stream failed.</exception>
    public static CallGraph Build(TraceReader trace, IReadOnlyList<FunctionId> functions, int maxDepth, TimeWindow? window = null)
    {
        ArgumentNullException.ThrowIfNull(trace);
        var coverage = new ExitCoverage(trace.Catalog);
        HashSet<FunctionId> wanted = [.. functions];
        List<GraphThread> threads = [];
        trace.ReadParallel(window ?? TimeWindow.All, _ =>
        {
            threads.Add(new GraphThread(trace.Catalog, coverage, wanted, maxDepth));
            return threads[^1];
        });
        var graph = new CallGraph { Functions = functions, Callers = new GraphNode(default, null), Callees = new GraphNode(default, null) };
        foreach (GraphThread thread in threads)
        {
            thread.Finish();
            graph.Callers.Add(thread.Callers);
            graph.Callees.Add(thread.Callees);
        }

        return graph;
    }
}
