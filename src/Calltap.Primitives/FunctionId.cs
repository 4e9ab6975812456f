namespace Calltap;

/// <summary>Index of a function in the function list of a session or trace.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct FunctionId(int Value) : IComparable<FunctionId>
{
    /// <inheritdoc/>
    public int CompareTo(FunctionId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(FunctionId left, FunctionId right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(FunctionId left, FunctionId right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(FunctionId left, FunctionId right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(FunctionId left, FunctionId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
