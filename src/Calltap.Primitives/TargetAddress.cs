namespace Calltap;

/// <summary>A virtual address in the target process.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct TargetAddress(ulong Value) : IComparable<TargetAddress>
{
    /// <inheritdoc/>
    public int CompareTo(TargetAddress other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(TargetAddress left, TargetAddress right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(TargetAddress left, TargetAddress right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(TargetAddress left, TargetAddress right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(TargetAddress left, TargetAddress right) => left.Value >= right.Value;

    /// <summary>The address <paramref name="offset"/> bytes further on (wrapping, as the CPU does).</summary>
    public static TargetAddress operator +(TargetAddress address, long offset) => new(unchecked(address.Value + (ulong)offset));

    /// <summary>The signed distance in bytes from <paramref name="right"/> to <paramref name="left"/>.</summary>
    public static long operator -(TargetAddress left, TargetAddress right) => unchecked((long)(left.Value - right.Value));

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:x}";
}
