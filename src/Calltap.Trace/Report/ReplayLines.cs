namespace Calltap.Trace;

/// <summary>
/// The lines of all threads, by time. While events of a thread are held, so are the lines: those of other threads would come before
/// its own. Held lines are bounded; with too many of them the first is written, and only the order between threads suffers.
/// </summary>
sealed class ReplayLines(ReplayOutput output)
{
    const int MaxLines = 1 << 16;

    readonly PriorityQueue<ReplayLine, (ulong Time, long Order)> _held = new();
    long _order;

    /// <summary>Whether lines are held.</summary>
    public bool IsHolding { get; private set; }

    /// <summary>Adds a line, which is known from an event at <paramref name="now"/>.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Add(in ReplayLine line, ulong now)
    {
        if (!IsHolding)
            output.Add(line);
        else if (_held.Count < MaxLines)
            _held.Enqueue(line, (now, _order++));
        else
            output.Add(_held.EnqueueDequeue(line, (now, _order++)));
    }

    /// <summary>Holds the lines to come, or writes those held.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Hold(bool hold)
    {
        IsHolding = hold;
        while (!hold && _held.TryDequeue(out ReplayLine line, out _))
            output.Add(line);
    }
}
