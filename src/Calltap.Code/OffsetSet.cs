using System.Collections;
using System.Numerics;

namespace Calltap.Code;

/// <summary>A set of byte offsets 0..31 inside a region, packed into one word: bit n is offset n.</summary>
/// <param name="Mask">The packed set.</param>
public readonly record struct OffsetSet(uint Mask) : IEnumerable<int>
{
    /// <summary>The highest offset a set can hold.</summary>
    public const int MaxOffset = 31;

    /// <summary>How many offsets are in the set.</summary>
    public int Count => BitOperations.PopCount(Mask);

    /// <summary>Whether <paramref name="offset"/> is in the set; false for offsets that no set can hold.</summary>
    public bool Contains(long offset) => offset is >= 0 and <= MaxOffset && (Mask >> (int)offset & 1) != 0;

    /// <summary>This set and <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not in 0..31.</exception>
    public OffsetSet With(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)MaxOffset, nameof(offset));
        return new(Mask | 1u << offset);
    }

    /// <summary>The offsets in rising order.</summary>
    public IEnumerator<int> GetEnumerator()
    {
        for (uint rest = Mask; rest != 0; rest &= rest - 1)
            yield return BitOperations.TrailingZeroCount(rest);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"{{{string.Join(',', (IEnumerable<int>)this)}}}";
}
