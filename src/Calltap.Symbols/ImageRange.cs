namespace Calltap.Symbols;

/// <summary>A range of link-time addresses.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Size">Length in bytes.</param>
public readonly record struct ImageRange(ImageAddress Start, ByteSize Size)
{
    /// <summary>The first byte behind the range.</summary>
    public ImageAddress End => Start + Size.Value;

    /// <summary>Whether <paramref name="address"/> is one of the range's bytes.</summary>
    public bool Contains(ImageAddress address) => unchecked(address.Value - Start.Value) < (ulong)Size.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Start}..{End}";
}
