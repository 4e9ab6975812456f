namespace Calltap;

/// <summary>A byte offset in a file.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct FileOffset(long Value) : IComparable<FileOffset>
{
    /// <inheritdoc/>
    public int CompareTo(FileOffset other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(FileOffset left, FileOffset right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(FileOffset left, FileOffset right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(FileOffset left, FileOffset right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(FileOffset left, FileOffset right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"+0x{Value:x}";
}
