using System.Diagnostics;

namespace Calltap.Patching;

/// <summary>Times the steps of a batch.</summary>
/// <param name="told">Told of each step that ends, for tests; null when nobody asks.</param>
sealed class StepClock(Action<string>? told)
{
    readonly List<(string Step, TimeSpan Time)> _steps = [];
    readonly Dictionary<string, long> _ends = [];
    long _last = Stopwatch.GetTimestamp();

    public IReadOnlyList<(string Step, TimeSpan Time)> Steps => _steps;

    /// <summary>The step named ends now.</summary>
    public void Mark(string step)
    {
        long now = Stopwatch.GetTimestamp();
        _steps.Add((step, Stopwatch.GetElapsedTime(_last, now)));
        _ends[step] = now;
        _last = now;
        told?.Invoke(step);
    }

    /// <summary>From the end of one step to the end of another; zero when either was not reached.</summary>
    public TimeSpan Between(string first, string last) =>
        _ends.TryGetValue(first, out long start) && _ends.TryGetValue(last, out long end)
            ? Stopwatch.GetElapsedTime(start, end)
            : TimeSpan.Zero;
}
