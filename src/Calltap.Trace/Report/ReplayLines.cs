namespace Calltap.Trace;

/// <summary>
/// The lines of all threads, by time. While events of a thread are held, so are the lines: those of other threads would come before
/// its own. Held lines are bounded; with too many of them the first is written, and only the order between threads suffers.
/// </summary>
sealed class ReplayLines(LineBuffer output)
{
    const int MaxLines = 1 << 16;
    const long MaxBytes = 64L << 20; // names may be long

    readonly PriorityQueue<byte[], (ulong Time, long Order)> _held = new();
    long _order;
    long _bytes;

    /// <summary>Whether lines are held.</summary>
    public bool IsHolding { get; private set; }

    /// <summary>Ends the line of the buffer, which is about an event at <paramref name="now"/>.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void End(ulong now)
    {
        if (IsHolding)
            Keep(now);
        else
            output.EndLine();
    }

    /// <summary>Holds the lines to come, or writes those held.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public void Hold(bool hold)
    {
        IsHolding = hold;
        while (!hold && _held.TryDequeue(out byte[]? line, out _))
            WriteFirst(line);
    }

    void Keep(ulong now)
    {
        byte[] line = output.Line.ToArray();
        output.DropLine();
        _held.Enqueue(line, (now, _order++));
        _bytes += line.Length;
        while (_held.Count > MaxLines || _bytes > MaxBytes)
            WriteFirst(_held.Dequeue());
    }

    void WriteFirst(byte[] line)
    {
        _bytes -= line.Length;
        output.Append(line);
        output.EndLine();
    }
}
