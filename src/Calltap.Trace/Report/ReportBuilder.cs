namespace Calltap.Trace;

/// <summary>Computes a <see cref="TraceReport"/> in one pass over the events.</summary>
public sealed class ReportBuilder : IEventVisitor, ICallVisitor
{
    readonly TraceCatalog _catalog;
    readonly CallReader _calls;
    FunctionTimes[] _functions = [];
    long _events;
    ulong _first = ulong.MaxValue;
    ulong _last;

    ReportBuilder(TraceCatalog catalog)
    {
        _catalog = catalog;
        _calls = new CallReader(catalog, _ => this);
    }

    /// <summary>Reads all of <paramref name="trace"/>, or up to its damage.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceReport Build(TraceReader trace)
    {
        var builder = new ReportBuilder(trace.Catalog);
        trace.Read(builder);
        builder._calls.Finish();
        return builder.ToReport();
    }

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        _events += events.Length;
        _first = Math.Min(_first, events[0].Time.Value);
        _last = Math.Max(_last, events[^1].Time.Value);
        _calls.OnEvents(thread, events);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost) => _calls.OnLost(lost);

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, TscTime start)
    {
        // Counted when the call ends, which every one does.
    }

    /// <inheritdoc/>
    public void OnCall(in Call call)
    {
        int function = call.Function.Value;
        if (function >= _functions.Length)
            Array.Resize(ref _functions, Math.Max(function + 1, _functions.Length * 2));
        _functions[function].Add(call);
    }

    TraceReport ToReport()
    {
        TraceClock clock = _catalog.Clock;
        return new TraceReport
        {
            Functions = [.. ReportFunctions(clock).OrderByDescending(f => f.TotalNs ?? -1).ThenByDescending(f => f.Calls).ThenBy(f => f.Name, StringComparer.Ordinal)],
            Threads = _calls.Threads.Count,
            Events = _events,
            Lost = _catalog.Lost.Values.Sum(lost => lost.Entries + lost.Holes),
            DurationNs = _events > 0 ? clock.ToNs(CallTime.Between(_first, _last)) : 0,
            OrphanExits = _calls.Threads.Values.Sum(thread => thread.OrphanExits),
            UnknownSites = _calls.Threads.Values.Sum(thread => thread.UnknownSites),
        };
    }

    IEnumerable<FunctionReport> ReportFunctions(TraceClock clock)
    {
        for (int i = 0; i < _functions.Length; i++)
            if (_functions[i].Calls > 0)
                yield return _functions[i].ToReport(_catalog.NameOf(new FunctionId(i)), _catalog.ModuleOf(new FunctionId(i)), clock);
    }
}
