namespace Calltap.Trace;

/// <summary>Converts TSC ticks to nanoseconds, linearly between two moments known on both clocks.</summary>
public sealed class TraceClock
{
    readonly ClockRecord _origin;
    readonly double _nsPerTick;

    TraceClock(ClockRecord origin, double nsPerTick, bool isCalibrated) =>
        (_origin, _nsPerTick, IsCalibrated) = (origin, nsPerTick, isCalibrated);

    /// <summary>False when neither two moments nor a frequency were known; a tick then counts as a nanosecond.</summary>
    public bool IsCalibrated { get; }

    /// <summary>A clock by the first and the last of <paramref name="moments"/>, or by <paramref name="tscHz"/> (0: unknown).</summary>
    public static TraceClock From(IReadOnlyList<ClockRecord> moments, long tscHz)
    {
        ClockRecord first = moments.Count > 0 ? moments[0] : default;
        ClockRecord last = moments.Count > 0 ? moments[^1] : default;
        if (last.Tsc > first.Tsc && last.Monotonic > first.Monotonic)
            return new TraceClock(first, (double)(last.Monotonic.Value - first.Monotonic.Value) / (last.Tsc.Value - first.Tsc.Value), true);
        return tscHz > 0 ? new TraceClock(first, 1e9 / tscHz, true) : new TraceClock(first, 1, false);
    }

    /// <summary>Nanoseconds of <paramref name="ticks"/>, rounded; saturates at <see cref="long.MaxValue"/>.</summary>
    public long ToNs(ulong ticks) => ToLong(Math.Round(ticks * _nsPerTick));

    /// <summary>Ticks of <paramref name="ns"/> nanoseconds (0 or more), rounded; saturates at <see cref="ulong.MaxValue"/>.</summary>
    public ulong ToTicks(double ns) => ns / _nsPerTick is var ticks and < ulong.MaxValue ? (ulong)Math.Round(ticks) : ulong.MaxValue;

    /// <summary>The moment on CLOCK_MONOTONIC.</summary>
    public MonotonicNs ToMonotonic(TscTime time)
    {
        double elapsed = unchecked((long)(time.Value - _origin.Tsc.Value)) * _nsPerTick;
        return new MonotonicNs(ToLong(Math.Round(_origin.Monotonic.Value + elapsed)));
    }

    static long ToLong(double value) => value >= long.MaxValue ? long.MaxValue : (long)value;
}
