namespace Calltap;

/// <summary>A reading of the time-stamp counter, in its own ticks.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct TscTime(ulong Value) : IComparable<TscTime>
{
    /// <inheritdoc/>
    public int CompareTo(TscTime other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(TscTime left, TscTime right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(TscTime left, TscTime right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(TscTime left, TscTime right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(TscTime left, TscTime right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
