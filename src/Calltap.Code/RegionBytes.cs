using System.Runtime.CompilerServices;

namespace Calltap.Code;

/// <summary>The bytes of a region as the module's file has them, at most <see cref="MaxLength"/>; held by value, so that many plans stay small.</summary>
[InlineArray(MaxLength)]
public struct RegionBytes : IEquatable<RegionBytes>
{
    /// <summary>The longest region: four bytes of short instructions and one instruction of 15.</summary>
    public const int MaxLength = 19;

    private byte _first;

    /// <summary>Copies a region's bytes.</summary>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxLength"/>.</exception>
    public static RegionBytes From(ReadOnlySpan<byte> bytes)
    {
        RegionBytes region = default;
        bytes.CopyTo(region);
        return region;
    }

    /// <summary>Copies the first <paramref name="length"/> bytes.</summary>
    public readonly byte[] ToArray(int length) => ((ReadOnlySpan<byte>)this)[..length].ToArray();

    /// <inheritdoc/>
    public readonly bool Equals(RegionBytes other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is RegionBytes other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(this);
        return hash.ToHashCode();
    }

    /// <summary>Whether both hold the same bytes.</summary>
    public static bool operator ==(RegionBytes left, RegionBytes right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(RegionBytes left, RegionBytes right) => !left.Equals(right);
}
