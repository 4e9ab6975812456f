using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>A thread's calls, as rows.</summary>
sealed class CallVisitor : IEventVisitor, ICallVisitor
{
    readonly BatchWriter<Call> _writer;
    readonly CallTreeBuilder _calls;
    readonly int _thread;
    RowBatch<Call>? _batch;

    /// <summary>A thread of a trace, with its number.</summary>
    public CallVisitor(SiteTable sites, ExitCoverage coverage, BatchWriter<Call> writer, int thread)
    {
        (_writer, _thread) = (writer, thread);
        _calls = new CallTreeBuilder(sites, coverage, this);
    }

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        _batch = _writer.Borrow();
        _calls.Add(events);
        _writer.GiveBack(_batch);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        _batch = _writer.Borrow();
        _calls.AddLoss();
        _writer.GiveBack(_batch);
    }

    /// <summary>The trace ended.</summary>
    public void Finish()
    {
        _batch = _writer.Borrow();
        _calls.Finish();
        _writer.GiveBack(_batch);
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        // A row is what is known when the call has ended, which every one does.
    }

    /// <inheritdoc/>
    public void OnCall(in Call call) => _writer.Add(ref _batch!, call, _thread);
}
