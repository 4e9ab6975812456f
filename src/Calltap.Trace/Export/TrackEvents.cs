namespace Calltap.Trace;

/// <summary>Hands the events of a thread to its builder, and tells the pass of losses when what was before them is told.</summary>
sealed class TrackEvents(CallTreeBuilder calls, TrackPass pass) : IEventVisitor
{
    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events) => calls.Add(events);

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        calls.AddLoss();
        pass.OnLost(lost);
    }
}
