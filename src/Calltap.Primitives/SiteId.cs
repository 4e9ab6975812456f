namespace Calltap;

/// <summary>Index of a site in the site table of a session; 0 is never a site, so that an event with site 0 is an empty slot.</summary>
/// <param name="Value">The raw value.</param>
public readonly record struct SiteId(uint Value) : IComparable<SiteId>
{
    /// <inheritdoc/>
    public int CompareTo(SiteId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is below <paramref name="right"/>.</summary>
    public static bool operator <(SiteId left, SiteId right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is above <paramref name="right"/>.</summary>
    public static bool operator >(SiteId left, SiteId right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is at or below <paramref name="right"/>.</summary>
    public static bool operator <=(SiteId left, SiteId right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is at or above <paramref name="right"/>.</summary>
    public static bool operator >=(SiteId left, SiteId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Value}";
}
