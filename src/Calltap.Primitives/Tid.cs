namespace Calltap;

/// <summary>A thread id in the tracer's pid namespace.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct Tid(int Value) : IComparable<Tid>
{
    /// <inheritdoc/>
    public int CompareTo(Tid other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(Tid left, Tid right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(Tid left, Tid right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(Tid left, Tid right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(Tid left, Tid right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
