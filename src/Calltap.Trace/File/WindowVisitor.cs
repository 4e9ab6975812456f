namespace Calltap.Trace;

/// <summary>Passes on what lies in a window.</summary>
sealed class WindowVisitor(TimeWindow window, IEventVisitor visitor) : IEventVisitor
{
    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events) => window.Deliver(visitor, thread, events);

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        if (window.Contains(lost.Time))
            visitor.OnLost(lost);
    }
}
