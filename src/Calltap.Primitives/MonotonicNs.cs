namespace Calltap;

/// <summary>A reading of CLOCK_MONOTONIC, in nanoseconds.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct MonotonicNs(long Value) : IComparable<MonotonicNs>
{
    /// <inheritdoc/>
    public int CompareTo(MonotonicNs other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(MonotonicNs left, MonotonicNs right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(MonotonicNs left, MonotonicNs right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(MonotonicNs left, MonotonicNs right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(MonotonicNs left, MonotonicNs right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
