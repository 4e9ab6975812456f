using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>A thread's events, as rows.</summary>
sealed class EventVisitor(BatchWriter<TraceEvent> writer, int number) : IEventVisitor
{
    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        RowBatch<TraceEvent> batch = writer.Borrow();
        foreach (ref readonly TraceEvent next in events)
            writer.Add(ref batch, next, number);
        writer.GiveBack(batch);
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        // Told by the table of threads.
    }
}
