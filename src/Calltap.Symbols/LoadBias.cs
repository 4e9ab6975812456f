namespace Calltap.Symbols;

/// <summary>Finds how far from its link-time addresses a module was loaded.</summary>
public static class LoadBias
{
    private const ulong PageMask = 4095;

    // A file of thousands of segments, mapped thousands of times, offers more biases than can be tried.
    private const int MaxCandidates = 64;
    private const long MaxPairs = 1 << 21;

    /// <summary>
    /// The biases, in bytes, under which the module is mapped, ascending: none when no executable segment is mapped, or when there are too many
    /// mappings and segments to tell; two when it was loaded twice (dlmopen). To be added to an <see cref="ImageAddress"/>.
    /// </summary>
    /// <param name="mappings">The mappings of this file only, of one process.</param>
    /// <param name="segments">The module's segments.</param>
    public static IReadOnlyList<long> Find(IReadOnlyList<MemoryMapping> mappings, IReadOnlyList<LoadSegment> segments)
    {
        if ((long)mappings.Count * segments.Count > MaxPairs)
            return [];
        var candidates = new SortedSet<long>();
        foreach (var mapping in mappings.Where(m => m.IsExecutable))
            foreach (var segment in segments.Where(s => s.Executable))
                if (candidates.Count < MaxCandidates && Overlap(mapping, segment))
                    candidates.Add(Bias(mapping, segment));

        // A page that two segments share offers a false bias; it explains fewer segments than the true one.
        var scored = candidates.Select(bias => (Bias: bias, Score: Score(bias, mappings, segments))).ToList();
        var best = scored.Select(c => c.Score).DefaultIfEmpty().Max();
        return [.. scored.Where(c => c.Score == best).Select(c => c.Bias)];
    }

    /// <summary>Whether everything that the file has to say is mapped: the dynamic linker maps one segment after another.</summary>
    /// <param name="bias">One of <see cref="Find"/>.</param>
    /// <param name="mappings">The mappings of this file only, of one process.</param>
    /// <param name="segments">The module's segments.</param>
    public static bool IsComplete(long bias, IReadOnlyList<MemoryMapping> mappings, IReadOnlyList<LoadSegment> segments) =>
        Score(bias, mappings, segments) == segments.Count(s => s.FileSize.Value > 0);

    /// <summary>Whether a mapping of code belongs to the image with this bias: a file may be loaded twice (dlmopen).</summary>
    public static bool Belongs(long bias, MemoryMapping mapping, IReadOnlyList<LoadSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return segments.Any(s => s.Executable && Overlap(mapping, s) && Bias(mapping, s) == bias);
    }

    private static bool Overlap(MemoryMapping mapping, LoadSegment segment)
    {
        var start = segment.Offset.Value & ~(long)PageMask;
        var length = segment.FileSize.Value + (segment.Offset.Value - start);
        return length > 0 && mapping.Offset.Value - start < length && start - mapping.Offset.Value < mapping.Size.Value;
    }

    private static long Bias(MemoryMapping mapping, LoadSegment segment) =>
        unchecked((long)(mapping.Start.Value - (segment.Address.Value + (ulong)(mapping.Offset.Value - segment.Offset.Value))));

    private static int Score(long bias, IReadOnlyList<MemoryMapping> mappings, IReadOnlyList<LoadSegment> segments) =>
        !IsMappable(bias, segments) ? -1 : segments.Count(s => s.FileSize.Value > 0 && mappings.Any(m => Explains(bias, m, s)));

    /// <summary>Pages are mapped to pages: that is a bias of whole pages, but for an assembly that begins anywhere in a single-file program.</summary>
    private static bool IsMappable(long bias, IReadOnlyList<LoadSegment> segments) =>
        segments.Where(s => s.Executable && s.FileSize.Value > 0).All(s => (unchecked((long)s.Address.Value + bias - s.Offset.Value) & (long)PageMask) == 0);

    private static bool Explains(long bias, MemoryMapping mapping, LoadSegment segment)
    {
        var first = segment.Address.At(bias);
        return mapping.Contains(first) && unchecked(mapping.Offset.Value + (first - mapping.Start)) == segment.Offset.Value;
    }
}
