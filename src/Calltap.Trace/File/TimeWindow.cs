namespace Calltap.Trace;

/// <summary>A part of a trace by time: the events from <paramref name="From"/> to <paramref name="To"/>, both included.</summary>
/// <param name="From">Time of the first event wanted.</param>
/// <param name="To">Time of the last event wanted.</param>
public readonly record struct TimeWindow(TscTime From, TscTime To)
{
    /// <summary>All of time.</summary>
    public static TimeWindow All => new(new TscTime(0), new TscTime(ulong.MaxValue));

    /// <summary>Whether the time lies in it.</summary>
    public bool Contains(TscTime time) => time.Value >= From.Value && time.Value <= To.Value;

    /// <summary>Whether a chunk may have events in it, by the times of its first and last event.</summary>
    public bool Overlaps(in ChunkEntry chunk) =>
        Math.Max(chunk.First.Value, chunk.Last.Value) >= From.Value && Math.Min(chunk.First.Value, chunk.Last.Value) <= To.Value;

    /// <summary>Delivers those of <paramref name="events"/> that lie in it.</summary>
    internal void Deliver(IEventVisitor visitor, Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        while (!events.IsEmpty)
        {
            int run = RunOf(events, wanted: true);
            if (run > 0)
                visitor.OnEvents(thread, events[..run]);
            events = events[run..];
            events = events[RunOf(events, wanted: false)..];
        }
    }

    int RunOf(ReadOnlySpan<TraceEvent> events, bool wanted)
    {
        if (this == All)
            return wanted ? events.Length : 0;
        int run = 0;
        while (run < events.Length && Contains(events[run].Time) == wanted)
            run++;
        return run;
    }
}
