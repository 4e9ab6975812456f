namespace Calltap;

/// <summary>A link-time virtual address in an ELF image; the load bias makes it a <see cref="TargetAddress"/>.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct ImageAddress(ulong Value) : IComparable<ImageAddress>
{
    /// <inheritdoc/>
    public int CompareTo(ImageAddress other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(ImageAddress left, ImageAddress right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(ImageAddress left, ImageAddress right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(ImageAddress left, ImageAddress right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(ImageAddress left, ImageAddress right) => left.Value >= right.Value;

    /// <summary>The address <paramref name="offset"/> bytes further on (wrapping, as the CPU does).</summary>
    public static ImageAddress operator +(ImageAddress address, long offset) => new(unchecked(address.Value + (ulong)offset));

    /// <summary>The signed distance in bytes from <paramref name="right"/> to <paramref name="left"/>.</summary>
    public static long operator -(ImageAddress left, ImageAddress right) => unchecked((long)(left.Value - right.Value));

    /// <summary>Where this address is in a target that loaded the image with <paramref name="loadBias"/> bytes of bias.</summary>
    public TargetAddress At(long loadBias) => new(unchecked(Value + (ulong)loadBias));

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:x}";
}
