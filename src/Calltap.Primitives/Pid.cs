namespace Calltap;

/// <summary>A process id in the tracer's pid namespace.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct Pid(int Value) : IComparable<Pid>
{
    /// <inheritdoc/>
    public int CompareTo(Pid other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(Pid left, Pid right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(Pid left, Pid right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(Pid left, Pid right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(Pid left, Pid right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
