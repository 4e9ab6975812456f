namespace Calltap.Patching;

/// <summary>
/// A run of adjacent pages that a batch rewrites, with the image that the next pass will write. A pass writes each
/// page once: every byte of no site is rewritten with its own value.
/// </summary>
/// <param name="start">Page-aligned address of the first page.</param>
/// <param name="image">The bytes, a multiple of the page size.</param>
sealed class PatchRun(TargetAddress start, byte[] image)
{
    public const int PageSize = 4096;

    /// <summary>Longer runs would hold the pages' lock, and a core's view of them, for too long at a time.</summary>
    public const int MaxPages = 64;

    public TargetAddress Start { get; } = start;

    public byte[] Image { get; } = image;

    public TargetAddress End => Start + Image.Length;

    public static TargetAddress PageOf(TargetAddress address) => new(address.Value & ~(ulong)(PageSize - 1));

    /// <summary>The bytes at <paramref name="address"/>, which lies in this run.</summary>
    public Span<byte> At(TargetAddress address, int length) => Image.AsSpan(checked((int)(address - Start)), length);
}
