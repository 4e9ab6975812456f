namespace Calltap.Trace;

/// <summary>
/// A thread's part of a report. While its events are taken it borrows sums from a pool: as many exist as processors work, not as many as
/// the trace has threads. Where the report is by thread, there is no pool and the sums are its own.
/// </summary>
sealed class ReportThread : IDeferringVisitor, ICallVisitor
{
    readonly ReportPool? _pool;
    readonly CallTreeBuilder _calls;
    FunctionSums? _sums;
    EndedCalls? _ended;

    /// <summary>A thread of a trace.</summary>
    public ReportThread(Tid thread, SiteTable sites, ExitCoverage coverage, CallScope scope, CallGroups groups, ReportPool? pool)
    {
        Thread = thread;
        _pool = pool;
        _calls = new CallTreeBuilder(sites, coverage, this, scope, groups);
    }

    /// <summary>Which thread.</summary>
    public Tid Thread { get; }

    /// <summary>Its own sums, where the report is by thread.</summary>
    public FunctionSums? Own => _pool is null ? _sums : null;

    /// <summary>Number of events.</summary>
    public long Events { get; private set; }

    /// <summary>Time of the first event; <see cref="ulong.MaxValue"/> without one.</summary>
    public ulong First { get; private set; } = ulong.MaxValue;

    /// <summary>Time of the last event.</summary>
    public ulong Last { get; private set; }

    /// <inheritdoc cref="CallTreeBuilder.OrphanExits"/>
    public long OrphanExits => _calls.OrphanExits;

    /// <inheritdoc cref="CallTreeBuilder.UnknownSites"/>
    public long UnknownSites => _calls.UnknownSites;

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        Events += events.Length;
        First = Math.Min(First, events[0].Time.Value);
        Last = Math.Max(Last, events[^1].Time.Value);
        Borrow();
        _ended ??= _pool?.TakeCalls() ?? new EndedCalls();
        var sink = new ReportSink(_ended.WithRoomFor(events.Length), _ended.Count);
        _calls.Add(events, ref sink);
        _ended.Count = sink.Count;
        if (_pool is null)
            _ended.AddTo(_sums!);
        GiveBack();
    }

    /// <inheritdoc/>
    public Action? TakeDeferred()
    {
        if (_pool is not { } pool || _ended is not { Count: > 0 } ended)
            return null;
        _ended = null;
        return () => pool.AddUp(ended);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        Borrow();
        _calls.AddLoss();
        GiveBack();
    }

    /// <summary>The trace ended.</summary>
    public void Finish()
    {
        TakeDeferred()?.Invoke();
        Borrow();
        _calls.Finish();
        GiveBack();
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        // Counted when the call ends, which every one does.
    }

    /// <inheritdoc/>
    public void OnCall(in Call call) => _sums!.Of(call.Group).Add(call);

    void Borrow() => _sums ??= _pool?.TakeSums() ?? new FunctionSums();

    void GiveBack()
    {
        if (_pool is null)
            return;
        _pool.Give(_sums!);
        _sums = null;
    }
}
