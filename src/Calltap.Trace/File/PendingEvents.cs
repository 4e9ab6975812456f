namespace Calltap.Trace;

/// <summary>Events of one thread that wait for their chunk to fill; grows with what the thread produces.</summary>
sealed class PendingEvents
{
    TraceEvent[] _events = [];

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Those that wait.</summary>
    public ReadOnlySpan<TraceEvent> Events => _events.AsSpan(0, Count);

    /// <summary>Takes as many as a chunk has room for.</summary>
    /// <returns>How many were taken.</returns>
    public int Add(ReadOnlySpan<TraceEvent> events)
    {
        int taken = Math.Min(events.Length, TraceLimits.EventsPerChunk - Count);
        if (_events.Length < Count + taken)
            Array.Resize(ref _events, Math.Min(TraceLimits.EventsPerChunk, Math.Max(Count + taken, _events.Length * 2)));
        events[..taken].CopyTo(_events.AsSpan(Count));
        Count += taken;
        return taken;
    }

    /// <summary>Forgets them, and the buffer too when <paramref name="release"/>.</summary>
    public void Clear(bool release)
    {
        Count = 0;
        if (release)
            _events = [];
    }
}
