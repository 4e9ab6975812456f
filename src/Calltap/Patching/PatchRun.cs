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
    public const int MaxPages = 16;

    public TargetAddress Start { get; } = start;

    public byte[] Image { get; } = image;

    /// <summary>Its sites in whose regions nobody can stand: they change without a look at any thread.</summary>
    public PatchSites? Plain { get; private set; }

    /// <summary>Its sites whose regions must be empty when their tails change.</summary>
    public PatchSites? Clearing { get; private set; }

    /// <summary>Something else is mapped there by now, or nothing: no byte is written to it any more.</summary>
    public bool IsUnmapped { get; set; }

    public TargetAddress End => Start + Image.Length;

    public static TargetAddress PageOf(TargetAddress address) => new(address.Value & ~(ulong)(PageSize - 1));

    /// <summary>The bytes at <paramref name="address"/>, which lies in this run.</summary>
    public Span<byte> At(TargetAddress address, int length) => Image.AsSpan(checked((int)(address - Start)), length);

    /// <summary>Takes the pokes of the sites in this run, by address.</summary>
    public void Take(ReadOnlySpan<Poke> pokes)
    {
        List<Poke> plain = new(pokes.Length), clearing = new(pokes.Length);
        foreach (Poke poke in pokes) (poke.NeedsClearing ? clearing : plain).Add(poke);
        Plain = new PatchSites(this, [.. plain]);
        Clearing = new PatchSites(this, [.. clearing]);
    }

    /// <summary>A site that is not as in the file, by the image; null when all are.</summary>
    public Poke? FindArmed() => Plain?.FindArmed() ?? Clearing?.FindArmed();

    /// <summary>The first site whose bytes in the image are not those installed; null when there is none.</summary>
    public TargetAddress? FindChanged() => Plain?.FindChanged() ?? Clearing?.FindChanged();
}
