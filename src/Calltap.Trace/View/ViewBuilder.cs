namespace Calltap.Trace;

/// <summary>Reads a trace into a <see cref="TraceView"/>, on all processors.</summary>
public static class ViewBuilder
{
    /// <summary>Reads all of <paramref name="trace"/>, each thread up to its damage; or the events in a window, as if there were no others; or the calls in a scope.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="window">The part; null for all.</param>
    /// <param name="scope">The calls; null for all.</param>
    /// <param name="progress">Told, by several threads at once, how many events were taken since it was told last.</param>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceView Build(TraceReader trace, TimeWindow? window = null, CallScope? scope = null, Action<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(trace);
        TraceCatalog catalog = trace.Catalog;
        var coverage = new ExitCoverage(catalog);
        var pool = new ReportPool();
        List<LaneBuilder> builders = [];
        Dictionary<int, ulong> lastOf = LastEvents(trace, window ?? TimeWindow.All);
        trace.ReadParallel(window ?? TimeWindow.All, thread =>
        {
            builders.Add(new LaneBuilder(thread, lastOf.GetValueOrDefault(ProcessOf(catalog, thread)), catalog, coverage, scope ?? CallScope.All, pool, progress));
            return builders[^1];
        });
        ThreadLane[] lanes = [.. builders.AsParallel().Select(builder => builder.Finish()).Where(lane => lane.Calls > 0 || lane.Lost > 0)];
        LaneBuilder[] seen = [.. builders.Where(builder => builder.Events > 0)];
        return new TraceView(catalog, Ordered(lanes, catalog), pool.Total(), Merged(lanes))
        {
            First = new TscTime(seen.Length > 0 ? seen.Min(builder => builder.First) : 0),
            Last = new TscTime(seen.Length > 0 ? seen.Max(builder => builder.Last) : 0),
            Events = seen.Sum(builder => builder.Events),
            OrphanExits = seen.Sum(builder => builder.OrphanExits),
        };
    }

    // What is open at the end is drawn as long as anything is known of its process: a thread may wait in a call for seconds.
    static Dictionary<int, ulong> LastEvents(TraceReader trace, TimeWindow window) => trace.EventChunks.Where(chunk => window.Overlaps(chunk))
        .GroupBy(chunk => ProcessOf(trace.Catalog, chunk.Thread)).ToDictionary(group => group.Key, group => Math.Min(group.Max(chunk => chunk.Last.Value), window.To.Value));

    static int ProcessOf(TraceCatalog catalog, Tid thread) => catalog.Tasks.TryGetValue(thread, out TaskRecord task) ? task.Process : 0;

    static ThreadLane[] Ordered(ThreadLane[] lanes, TraceCatalog catalog)
    {
        ulong FirstOf(ThreadLane lane) => lane.First?.Value ?? ulong.MaxValue;
        return [.. lanes.GroupBy(lane => ProcessOf(catalog, lane.Id)).OrderBy(group => group.Min(FirstOf)).ThenBy(group => group.Key)
            .SelectMany(group => group.OrderBy(FirstOf).ThenBy(lane => lane.Id.Value))];
    }

    static FlameTree Merged(ThreadLane[] lanes)
    {
        if (lanes.Length == 1)
            return lanes[0].Flame;
        var all = new FlameTree();
        foreach (ThreadLane lane in lanes.OrderBy(lane => lane.Id.Value))
            all.Add(lane.Flame);
        return all;
    }
}
