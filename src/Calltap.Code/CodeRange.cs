namespace Calltap.Code;

/// <summary>A stretch of an image: <paramref name="Size"/> bytes from <paramref name="Start"/>.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Size">How many bytes; zero or less means an empty range.</param>
public readonly record struct CodeRange(ImageAddress Start, ByteSize Size)
{
    /// <summary>The address after the last byte; a range that would wrap around ends at the highest address.</summary>
    public ImageAddress End
    {
        get
        {
            ulong size = Size.Value > 0 ? (ulong)Size.Value : 0;
            ulong room = ulong.MaxValue - Start.Value;
            return new(Start.Value + Math.Min(size, room));
        }
    }

    /// <summary>Whether <paramref name="address"/> is one of the range's bytes.</summary>
    public bool Contains(ImageAddress address) => address >= Start && address < End;
}
