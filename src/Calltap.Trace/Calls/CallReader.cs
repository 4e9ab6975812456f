namespace Calltap.Trace;

/// <summary>Builds the call trees of all threads of a trace; each thread has its own visitor.</summary>
public sealed class CallReader : IEventVisitor
{
    readonly TraceCatalog _catalog;
    readonly ExitCoverage _coverage;
    readonly Func<Tid, ICallVisitor> _visitorOf;
    readonly CallScope _scope;
    readonly Dictionary<Tid, CallTreeBuilder> _threads = [];
    int _doubts;

    /// <summary>A reader for a trace with this <paramref name="catalog"/>; <paramref name="visitorOf"/> is asked once a thread.</summary>
    public CallReader(TraceCatalog catalog, Func<Tid, ICallVisitor> visitorOf, CallScope? scope = null)
    {
        _scope = scope ?? CallScope.All;
        _catalog = catalog;
        _coverage = new ExitCoverage(catalog);
        _visitorOf = visitorOf;
    }

    /// <summary>The builder of each thread that had events, for its counts.</summary>
    public IReadOnlyDictionary<Tid, CallTreeBuilder> Threads => _threads;

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        CallTreeBuilder builder = BuilderOf(thread);
        _doubts -= builder.IsInDoubt ? 1 : 0;
        builder.Add(events);
        _doubts += builder.IsInDoubt ? 1 : 0;
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        if (!_threads.TryGetValue(lost.Thread, out CallTreeBuilder? builder))
            return;
        _doubts -= builder.IsInDoubt ? 1 : 0;
        builder.AddLoss();
    }

    /// <summary>Whether a thread's events are held: its visitor will be told of them later than of other threads' events behind them.</summary>
    public bool IsInDoubt => _doubts > 0;

    /// <summary>Ends the calls that are still open. To be called once, after the last event.</summary>
    public void Finish()
    {
        foreach (CallTreeBuilder builder in _threads.Values)
            builder.EndDoubt();
        foreach (CallTreeBuilder builder in _threads.Values)
            builder.Finish();
    }

    CallTreeBuilder BuilderOf(Tid thread)
    {
        if (!_threads.TryGetValue(thread, out CallTreeBuilder? builder))
            _threads.Add(thread, builder = new CallTreeBuilder(_catalog.Sites, _coverage, _visitorOf(thread), _scope));
        return builder;
    }
}
