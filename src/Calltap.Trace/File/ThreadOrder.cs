namespace Calltap.Trace;

/// <summary>
/// Puts the events of one thread into the order of their times. A file has them in the order in which the thread reserved them;
/// a signal handler that comes between an event's reservation and its <c>rdtsc</c> makes the two differ by the handler's own events.
/// </summary>
/// <remarks>
/// In either order calls nest; in a mixture they do not. So an event is moved all the way or not at all, and the last ones are held
/// back until it is known what follows them, over the bounds of chunks.
/// </remarks>
sealed class ThreadOrder
{
    // An event is moved back over at most this many others: enough for a handler, and a bound against a hostile file.
    const int MaxMove = MaxHeld;

    /// <summary>Most events that are ever held back.</summary>
    public const int MaxHeld = 512;

    TraceEvent[] _held = [];
    ulong _lastFinal;

    /// <summary>Number of events held back: so many free places <see cref="Take"/> wants in front of the next ones.</summary>
    public int Held { get; private set; }

    /// <summary>Time of the first event held back.</summary>
    public TscTime First => _held[0].Time;

    /// <summary>Takes the next events, in place.</summary>
    /// <param name="events"><see cref="Held"/> free places, and the next events of the thread.</param>
    /// <param name="isInOrder">Whether these, by themselves, are known to be in the order of their times.</param>
    /// <returns>How many from the start are in their final order; the others are held back.</returns>
    public int Take(Span<TraceEvent> events, bool isInOrder)
    {
        _held.AsSpan(0, Held).CopyTo(events);
        if (!isInOrder || (Held > 0 && Held < events.Length && events[Held].Time.Value < events[Held - 1].Time.Value))
            Sort(events, Math.Max(1, Held));
        int final = Math.Max(0, events.Length - MaxMove);
        if (final > 0)
            _lastFinal = events[final - 1].Time.Value;
        Held = events.Length - final;
        if (_held.Length < Held)
            _held = new TraceEvent[Held];
        events[final..].CopyTo(_held);
        return final;
    }

    /// <summary>The events held back: nothing that follows belongs before them. Valid until the next call.</summary>
    public ReadOnlyMemory<TraceEvent> Flush()
    {
        ReadOnlyMemory<TraceEvent> all = _held.AsMemory(0, Held);
        if (Held > 0)
            _lastFinal = _held[Held - 1].Time.Value;
        Held = 0;
        return all;
    }

    void Sort(Span<TraceEvent> events, int from)
    {
        for (int i = from; i < events.Length; i++)
            if (events[i].Time.Value < events[i - 1].Time.Value)
                MoveBack(events, i);
    }

    void MoveBack(Span<TraceEvent> events, int from)
    {
        TraceEvent moved = events[from];
        int to = from, stop = Math.Max(0, from - MaxMove);
        while (to > stop && events[to - 1].Time.Value > moved.Time.Value)
            to--;
        ulong before = to > 0 ? events[to - 1].Time.Value : _lastFinal;
        if (before > moved.Time.Value)
            return;
        events[to..from].CopyTo(events[(to + 1)..]);
        events[to] = moved;
    }
}
