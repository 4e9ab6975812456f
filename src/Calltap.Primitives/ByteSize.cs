namespace Calltap;

/// <summary>A size in bytes.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct ByteSize(long Value) : IComparable<ByteSize>
{
    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(ByteSize left, ByteSize right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(ByteSize left, ByteSize right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
