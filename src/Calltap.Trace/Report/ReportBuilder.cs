namespace Calltap.Trace;

/// <summary>Computes a <see cref="TraceReport"/> in one pass over the events, on all processors.</summary>
public sealed class ReportBuilder
{
    readonly TraceCatalog _catalog;
    readonly ExitCoverage _coverage;
    readonly CallScope _scope;
    readonly ReportBy _by;
    readonly ReportGroups _groups;
    readonly ReportPool _pool = new();
    readonly List<ReportThread> _threads = [];

    ReportBuilder(TraceCatalog catalog, CallScope scope, ReportBy by)
    {
        (_catalog, _scope, _by) = (catalog, scope, by);
        _coverage = new ExitCoverage(catalog);
        _groups = new ReportGroups(catalog, by);
    }

    /// <summary>
    /// Reads all of <paramref name="trace"/>, each thread up to its damage; or the events in a window, as if there were no others; or the calls in
    /// a scope. There is a line for each function, or whatever else is asked for.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceReport Build(TraceReader trace, TimeWindow? window = null, CallScope? scope = null, ReportBy by = ReportBy.Function)
    {
        var builder = new ReportBuilder(trace.Catalog, scope ?? CallScope.All, by);
        trace.ReadParallel(window ?? TimeWindow.All, builder.NewThread);
        builder._threads.ForEach(thread => thread.Finish());
        return builder.ToReport();
    }

    ReportThread NewThread(Tid id)
    {
        var thread = new ReportThread(id, _catalog.Sites, _coverage, _scope, _groups.Groups, _by == ReportBy.Thread ? null : _pool);
        _threads.Add(thread);
        return thread;
    }

    TraceReport ToReport()
    {
        TraceClock clock = _catalog.Clock;
        long events = _threads.Sum(thread => thread.Events);
        return new TraceReport
        {
            By = _by,
            Functions = [.. (_by == ReportBy.Thread ? ReportThreads(clock) : ReportAll(clock)).OrderByDescending(f => f.TotalNs ?? -1).ThenByDescending(f => f.Calls).ThenBy(f => f.Name, StringComparer.Ordinal)],
            Threads = _threads.Count(thread => thread.Events > 0),
            Events = events,
            Lost = _catalog.Lost.Values.Sum(lost => lost.Entries + lost.Holes),
            DurationNs = events > 0 ? clock.ToNs(CallTime.Between(_threads.Min(thread => thread.First), _threads.Max(thread => thread.Last))) : 0,
            OrphanExits = _threads.Sum(thread => thread.OrphanExits),
            UnknownSites = _threads.Sum(thread => thread.UnknownSites),
        };
    }

    IEnumerable<FunctionReport> ReportThreads(TraceClock clock)
    {
        foreach (ReportThread thread in _threads)
        {
            if (thread.Own is not { } sums || sums.Groups.IsEmpty)
                continue;
            string name = _catalog.Threads.TryGetValue(thread.Thread, out ThreadRecord? record) ? record.Name : "";
            yield return sums.Of(0).ToReport(name, "", clock) with { Tid = _catalog.TidOf(thread.Thread), Pid = _catalog.PidOf(thread.Thread) };
        }
    }

    List<FunctionReport> ReportAll(TraceClock clock)
    {
        FunctionSums sums = _pool.Total();
        var reports = new List<FunctionReport>();
        for (int i = 0; i < sums.Groups.Length; i++)
        {
            if (sums.Groups[i].Calls == 0)
                continue;
            (string name, string module) = _groups.NamesOf(i);
            reports.Add(sums.Of(i).ToReport(name, module, clock));
        }

        return reports;
    }

    /// <summary>The functions with calls, by id, of sums by function.</summary>
    internal static List<ViewFunction> ReportFunctions(FunctionSums sums, TraceCatalog catalog, TraceClock clock)
    {
        List<ViewFunction> reports = [];
        for (int i = 0; i < sums.Groups.Length; i++)
            if (sums.Groups[i].Calls > 0)
                reports.Add(new ViewFunction(new FunctionId(i), sums.Of(i).ToReport(catalog.NameOf(new FunctionId(i)), catalog.ModuleOf(new FunctionId(i)), clock)));
        return reports;
    }
}
