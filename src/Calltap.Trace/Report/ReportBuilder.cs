using System.Collections.Concurrent;

namespace Calltap.Trace;

/// <summary>Computes a <see cref="TraceReport"/> in one pass over the events, on all processors.</summary>
public sealed class ReportBuilder
{
    readonly TraceCatalog _catalog;
    readonly ExitCoverage _coverage;
    readonly CallScope _scope;
    readonly ConcurrentBag<FunctionSums> _pool = [];
    readonly List<ReportThread> _threads = [];

    ReportBuilder(TraceCatalog catalog, CallScope scope)
    {
        (_catalog, _scope) = (catalog, scope);
        _coverage = new ExitCoverage(catalog);
    }

    /// <summary>
    /// Reads all of <paramref name="trace"/>, each thread up to its damage; or the events in a window, as if there were no others; or the calls in
    /// a scope.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceReport Build(TraceReader trace, TimeWindow? window = null, CallScope? scope = null)
    {
        var builder = new ReportBuilder(trace.Catalog, scope ?? CallScope.All);
        trace.ReadParallel(window ?? TimeWindow.All, _ => builder.NewThread());
        builder._threads.ForEach(thread => thread.Finish());
        return builder.ToReport();
    }

    ReportThread NewThread()
    {
        var thread = new ReportThread(_catalog.Sites, _coverage, _scope, _pool);
        _threads.Add(thread);
        return thread;
    }

    TraceReport ToReport()
    {
        TraceClock clock = _catalog.Clock;
        long events = _threads.Sum(thread => thread.Events);
        return new TraceReport
        {
            Functions = [.. ReportFunctions(clock).OrderByDescending(f => f.TotalNs ?? -1).ThenByDescending(f => f.Calls).ThenBy(f => f.Name, StringComparer.Ordinal)],
            Threads = _threads.Count(thread => thread.Events > 0),
            Events = events,
            Lost = _catalog.Lost.Values.Sum(lost => lost.Entries + lost.Holes),
            DurationNs = events > 0 ? clock.ToNs(CallTime.Between(_threads.Min(thread => thread.First), _threads.Max(thread => thread.Last))) : 0,
            OrphanExits = _threads.Sum(thread => thread.OrphanExits),
            UnknownSites = _threads.Sum(thread => thread.UnknownSites),
        };
    }

    List<FunctionReport> ReportFunctions(TraceClock clock)
    {
        var sums = new FunctionSums();
        foreach (FunctionSums part in _pool)
            sums.Add(part);
        return [.. ReportFunctions(sums, _catalog, clock).Select(function => function.Report)];
    }

    /// <summary>The functions with calls, by id.</summary>
    internal static List<ViewFunction> ReportFunctions(FunctionSums sums, TraceCatalog catalog, TraceClock clock)
    {
        List<ViewFunction> reports = [];
        for (int i = 0; i < sums.Functions.Length; i++)
            if (sums.Functions[i].Calls > 0)
                reports.Add(new ViewFunction(new FunctionId(i), sums.Functions[i].ToReport(catalog.NameOf(new FunctionId(i)), catalog.ModuleOf(new FunctionId(i)), clock)));
        return reports;
    }
}
