using System.Runtime.InteropServices;

namespace Calltap.Patching;

/// <summary>The pages of a batch, in runs: where each site's five bytes are. No site is divided between two runs.</summary>
sealed class PatchImage
{
    readonly List<PatchRun> _runs;
    int _last;

    PatchImage(List<PatchRun> runs) => _runs = runs;

    public IReadOnlyList<PatchRun> Runs => _runs;

    /// <summary>Lays out the runs for sites at these addresses (sorted), none in two mappings. The images are empty.</summary>
    public static PatchImage For(IEnumerable<TargetAddress> sorted, PlannedMappings? mappings)
    {
        var runs = new List<PatchRun>();
        TargetAddress start = default, end = default;
        foreach (TargetAddress site in sorted)
        {
            TargetAddress first = PatchRun.PageOf(site), last = PatchRun.PageOf(site + (PatchBytes.MaxLength - 1)) + PatchRun.PageSize;
            bool fits = first == end && last - start <= PatchRun.MaxPages * PatchRun.PageSize && mappings?.Find(start) == mappings?.Find(first);
            if (end != default && (first < end || fits)) // a page, and so a site, is in one run only
            {
                if (last > end) end = last;
                continue;
            }
            if (end != default) runs.Add(new PatchRun(start, new byte[end - start]));
            (start, end) = (first, last);
        }
        if (end != default) runs.Add(new PatchRun(start, new byte[end - start]));
        return new PatchImage(runs);
    }

    /// <summary>Lays out the runs for these pokes (sorted by address), each run with its own.</summary>
    public static PatchImage For(List<Poke> sorted, PlannedMappings? mappings)
    {
        PatchImage image = For(sorted.Select(poke => poke.Site.Address), mappings);
        int from = 0;
        foreach (PatchRun run in image._runs)
        {
            int to = from;
            while (to < sorted.Count && sorted[to].Site.Address < run.End) to++;
            run.Take(CollectionsMarshal.AsSpan(sorted)[from..to]);
            from = to;
        }
        return image;
    }

    public PatchBytes Read(Site site) => PatchBytes.From(Find(site.Address).At(site.Address, site.Original.Size), site.Original.Size);

    /// <summary>The run that holds the address.</summary>
    public PatchRun Find(TargetAddress address) =>
        TryFind(address) ?? throw new ArgumentOutOfRangeException(nameof(address), $"{address} is not in the batch");

    /// <summary>The run that holds the address; null when none does. Quick when asked in the order of addresses.</summary>
    public PatchRun? TryFind(TargetAddress address)
    {
        if (_last < _runs.Count && address >= _runs[_last].Start && address < _runs[_last].End) return _runs[_last];
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < _runs[middle].Start) high = middle - 1;
            else if (address >= _runs[middle].End) low = middle + 1;
            else return _runs[_last = middle];
        }
        return null;
    }
}
