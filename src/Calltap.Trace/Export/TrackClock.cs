namespace Calltap.Trace;

/// <summary>Nanoseconds since the first event of a trace: small numbers, which every format holds without rounding.</summary>
sealed class TrackClock
{
    readonly TraceClock _clock;

    /// <summary>The clock of a trace.</summary>
    public TrackClock(TraceReader trace)
    {
        _clock = trace.Catalog.Clock;
        ulong first = ulong.MaxValue, last = 0;
        foreach (ChunkEntry chunk in trace.EventChunks)
            (first, last) = (Math.Min(first, chunk.First.Value), Math.Max(last, chunk.Last.Value));
        (First, Last) = first <= last ? (new TscTime(first), new TscTime(last)) : default;
    }

    /// <summary>The first event of the trace.</summary>
    public TscTime First { get; }

    /// <summary>The last event of the trace.</summary>
    public TscTime Last { get; }

    /// <summary>CLOCK_MONOTONIC at the first event.</summary>
    public MonotonicNs Start => _clock.ToMonotonic(First);

    /// <summary>Nanoseconds since the first event; 0 before it.</summary>
    public long At(TscTime time) => _clock.ToNs(CallTime.Between(First.Value, time.Value));
}
