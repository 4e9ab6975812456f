namespace Calltap.Patching;

/// <summary>
/// The pages of a batch: where each site's five bytes are in them. Sites are handled by their address order; a site
/// may straddle two runs.
/// </summary>
sealed class PatchImage
{
    readonly List<PatchRun> _runs;

    PatchImage(List<PatchRun> runs) => _runs = runs;

    public IReadOnlyList<PatchRun> Runs => _runs;

    /// <summary>Lays out the runs for sites at these addresses (sorted). The images are empty.</summary>
    public static PatchImage For(IEnumerable<TargetAddress> sorted)
    {
        var runs = new List<PatchRun>();
        TargetAddress start = default, end = default;
        foreach (TargetAddress site in sorted)
        {
            TargetAddress first = PatchRun.PageOf(site), last = PatchRun.PageOf(site + (PatchBytes.Length - 1)) + PatchRun.PageSize;
            bool joins = end != default && first <= end && last - start <= PatchRun.MaxPages * PatchRun.PageSize;
            if (joins)
            {
                if (last > end) end = last;
                continue;
            }
            if (end != default) runs.Add(new PatchRun(start, new byte[end - start]));
            // A page that the previous run already has is not taken twice: one write per page and pass.
            (start, end) = (first < end ? end : first, last);
        }
        if (end != default) runs.Add(new PatchRun(start, new byte[end - start]));
        return new PatchImage(runs);
    }

    public byte this[TargetAddress address]
    {
        get => Find(address).At(address, 1)[0];
        set => Find(address).At(address, 1)[0] = value;
    }

    public PatchBytes Read(TargetAddress site)
    {
        Span<byte> bytes = stackalloc byte[PatchBytes.Length];
        PatchRun run = Find(site);
        if (run.End - site >= PatchBytes.Length) run.At(site, PatchBytes.Length).CopyTo(bytes);
        else
            for (int i = 0; i < bytes.Length; i++) bytes[i] = this[site + i];
        return PatchBytes.From(bytes);
    }

    public void WriteTail(TargetAddress site, PatchBytes to)
    {
        PatchRun run = Find(site);
        if (run.End - site >= PatchBytes.Length)
        {
            to.TailTo(run.At(site + 1, PatchBytes.Length - 1));
            return;
        }
        for (int i = 1; i < PatchBytes.Length; i++) this[site + i] = (byte)(to.Value >> (8 * i));
    }

    PatchRun Find(TargetAddress address) =>
        TryFind(address) ?? throw new ArgumentOutOfRangeException(nameof(address), $"{address} is not in the batch");

    /// <summary>The run that holds the address; null when none does.</summary>
    public PatchRun? TryFind(TargetAddress address)
    {
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < _runs[middle].Start) high = middle - 1;
            else if (address >= _runs[middle].End) low = middle + 1;
            else return _runs[middle];
        }
        return null;
    }
}
