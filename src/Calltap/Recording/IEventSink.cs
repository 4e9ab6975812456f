using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>Where drained events go.</summary>
interface IEventSink
{
    /// <summary>Events of one thread, in order.</summary>
    void Events(Tid thread, ReadOnlySpan<TraceEvent> events);

    /// <summary>What a thread could not record, in all.</summary>
    void Lost(Tid thread, long entries, long exits, long holes);
}
