namespace Calltap.Trace;

/// <summary>
/// The lines of all threads, by time. While events of a thread are held, so are the lines: those of other threads would come before
/// its own. Held lines are bounded; with too many of them the first is written, and only the order between threads suffers.
/// </summary>
sealed class ReplayLines(TextWriter output, Func<Tid, TscTime> now)
{
    const int MaxLines = 1 << 16;
    const long MaxCharacters = 64L << 20; // names may be long

    readonly PriorityQueue<string, (ulong Time, long Order)> _held = new();
    long _order;
    long _characters;

    /// <summary>Whether lines are held.</summary>
    public bool IsHolding { get; private set; }

    /// <summary>Takes a line of a thread, about the event that its visitor is being told of.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Write(Tid thread, string line)
    {
        if (!IsHolding)
        {
            output.WriteLine(line);
            return;
        }

        _held.Enqueue(line, (now(thread).Value, _order++));
        _characters += line.Length;
        while (_held.Count > MaxLines || _characters > MaxCharacters)
            WriteFirst(_held.Dequeue());
    }

    /// <summary>Holds the lines to come, or writes those held.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Hold(bool hold)
    {
        IsHolding = hold;
        while (!hold && _held.TryDequeue(out string? line, out _))
            WriteFirst(line);
    }

    void WriteFirst(string line)
    {
        _characters -= line.Length;
        output.WriteLine(line);
    }
}
