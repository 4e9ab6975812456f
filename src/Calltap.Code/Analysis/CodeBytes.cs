namespace Calltap.Code.Analysis;

/// <summary>The bytes of one executable section, read once.</summary>
internal sealed class CodeBytes(ImageAddress start, ImageAddress end, byte[] data, int offset)
{
    /// <summary>The section's first byte.</summary>
    internal ImageAddress Start { get; } = start;

    /// <summary>The address after the section's last byte.</summary>
    internal ImageAddress End { get; } = end;

    /// <summary>The array that holds the section's bytes, from <see cref="Offset"/> on.</summary>
    internal byte[] Data { get; } = data;

    /// <summary>Where in <see cref="Data"/> the section starts.</summary>
    internal int Offset { get; } = offset;

    /// <summary>The index in <see cref="Data"/> of an address inside the section or at its end.</summary>
    internal int IndexOf(ImageAddress address) => Offset + (int)(address - Start);

    /// <summary>The bytes from <paramref name="from"/> to <paramref name="to"/>, both inside the section or at its end.</summary>
    internal ReadOnlySpan<byte> Slice(ImageAddress from, ImageAddress to) => Data.AsSpan(IndexOf(from), (int)(to - from));
}
