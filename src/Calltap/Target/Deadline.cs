using System.Diagnostics;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>A point in time after which a wait for the target is given up: nothing here waits without one (A29).</summary>
internal readonly record struct Deadline(MonotonicNs End)
{
    // What the target's threads answer comes within some microseconds, if there is a CPU for it; a sleep takes a hundred, as the kernel rounds it.
    private static readonly TimeSpan s_eager = Environment.ProcessorCount > 1 ? TimeSpan.FromMicroseconds(30) : TimeSpan.Zero;
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMicroseconds(30);

    internal bool IsPast => Clock.Now() >= End;

    internal TimeSpan Left => TimeSpan.FromTicks(Math.Max(0, (End.Value - Clock.Now().Value) / TimeSpan.NanosecondsPerTick));

    internal static Deadline In(TimeSpan time) => new(new MonotonicNs(Clock.Now().Value + (long)time.TotalNanoseconds));

    /// <summary>Looks again and again until <paramref name="condition"/> holds; false when the deadline came first.</summary>
    internal bool Poll(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (IsPast)
                return condition();
            if (Stopwatch.GetElapsedTime(start) > s_eager)
                Clock.Sleep(s_pollInterval);
        }

        return true;
    }
}
