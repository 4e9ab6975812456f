namespace Calltap.Trace;

/// <summary>Receives the events of a trace.</summary>
public interface IEventVisitor
{
    /// <summary>The next events of <paramref name="thread"/>, in its order. The span lasts for the call.</summary>
    void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events);

    /// <summary>Between the events before and after, events of this thread were lost.</summary>
    void OnLost(in LostRecord lost);
}
