using Calltap.Trace;

namespace Calltap.Cli.Output;

/// <summary>How far the reading of a trace is, when it takes more than a second and a person waits for it: on stderr, if that is a terminal.</summary>
sealed class ReadingProgress : IDisposable
{
    const int FirstMs = 1000, EachMs = 200;

    readonly Lock _gate = new();
    readonly ProgressLine _line;
    readonly Timer? _timer;
    bool _isOver;

    /// <summary>Begins to look at a reader; not when its results themselves go to the terminal as they come.</summary>
    public ReadingProgress(Terminal terminal, TraceReader reader, bool isStreamed = false)
    {
        _line = new ProgressLine(terminal);
        if (terminal.LogIsTerminal && !(isStreamed && terminal.OutIsTerminal))
            _timer = new Timer(_ => Show(reader.Progress.Share), null, FirstMs, EachMs);
    }

    void Show(double share)
    {
        lock (_gate)
            if (!_isOver) _line.Show($"reading: {100 * share:0} %");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _isOver = true;
            _line.Dispose();
        }
    }
}
