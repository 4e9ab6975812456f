using System.Diagnostics;
using Calltap.Cli.Output;

namespace Calltap.Cli.View;

/// <summary>Says on stderr how much of a trace was read: on a terminal some times a second, elsewhere each tenth. Told by several threads.</summary>
sealed class LoadProgress(Terminal terminal, long events) : IDisposable
{
    static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    readonly Lock _lock = new();
    readonly ProgressLine _line = new(terminal);
    readonly long _start = Stopwatch.GetTimestamp();
    TimeSpan _shown;
    long _taken;
    long _tenths;

    /// <summary>Since it began.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>So many more were read.</summary>
    public void Add(long more)
    {
        lock (_lock)
        {
            _taken += more;
            bool isDue = terminal.LogIsTerminal ? Elapsed - _shown >= s_interval : _taken * 10 / Math.Max(events, 1) > _tenths;
            if (!isDue) return;
            (_shown, _tenths) = (Elapsed, _taken * 10 / Math.Max(events, 1));
            _line.Show($"read {Texts.Count(_taken)} of {Texts.Of(events, "event")}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();
}
