using System.Diagnostics;
using Calltap.Native;

namespace Calltap.Patching;

/// <summary>Times the steps of a batch.</summary>
/// <param name="told">Told of each step that ends, for tests; null when nobody asks.</param>
sealed class StepClock(Action<string>? told)
{
    readonly List<string> _order = [];
    readonly Dictionary<string, (long End, TimeSpan Time)> _steps = [];
    long _last = Stopwatch.GetTimestamp();

    /// <summary>When the first step began.</summary>
    public MonotonicNs Began { get; } = Clock.Now();

    /// <summary>The steps in the order in which they were first marked; the times of one that is gone through again are added up.</summary>
    public IReadOnlyList<(string Step, TimeSpan Time)> Steps => [.. _order.Select(step => (step, _steps[step].Time))];

    /// <summary>The step named ends now.</summary>
    public void Mark(string step)
    {
        long now = Stopwatch.GetTimestamp();
        if (!_steps.TryGetValue(step, out (long End, TimeSpan Time) before)) _order.Add(step);
        _steps[step] = (now, before.Time + Stopwatch.GetElapsedTime(_last, now));
        _last = now;
        told?.Invoke(step);
    }

    /// <summary>From the end of one step to the end of another; zero when either was not reached.</summary>
    public TimeSpan Between(string first, string last) =>
        _steps.TryGetValue(first, out (long End, TimeSpan) start) && _steps.TryGetValue(last, out (long End, TimeSpan) end)
            ? Stopwatch.GetElapsedTime(start.End, end.End)
            : TimeSpan.Zero;
}
