using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// The sites of one batch: verified before the window, in the window and after it, and parted into the groups that change together.
/// </summary>
sealed class PokePlan
{
    /// <summary>Why a site is left out whose module has been unmapped.</summary>
    public const string NoLongerMapped = "no longer mapped";

    const int ReadTries = 100;
    const int MismatchTries = 20; // looks, each of which the program may have answered with a library that came and went
    static readonly TimeSpan s_readAgain = TimeSpan.FromMicroseconds(100);

    readonly TargetProcess _target;
    readonly TargetTextWriter _writer;
    readonly PlannedMappings _mappings;
    readonly List<Poke> _paged = [];
    readonly List<Poke> _single = [];
    readonly List<Site> _refused = [];
    readonly Dictionary<Site, SiteState> _before = [];
    PatchImage _image = PatchImage.For(new List<Poke>(), null);

    PokePlan(TargetProcess target, TargetTextWriter writer, PlannedMappings mappings) => (_target, _writer, _mappings) = (target, writer, mappings);

    /// <summary>What was mapped when it was made.</summary>
    public PlannedMappings Mappings => _mappings;

    /// <summary>The pokes that verified, by address.</summary>
    public IReadOnlyList<Poke> Pokes { get; private set; } = [];

    /// <summary>Sites that did not verify.</summary>
    public IReadOnlyCollection<Site> Refused => _refused;

    /// <summary>Sites that got an int3 and their old head again.</summary>
    public IReadOnlyList<Site> Deferred => [.. Groups.SelectMany(group => group.Deferred)];

    /// <summary>The pokes in the order in which they are written.</summary>
    public IReadOnlyList<PokeGroup> Groups { get; private set; } = [];

    /// <summary>Sites of a group, or what a run of pages holds more.</summary>
    public int GroupSize { get; init; } = int.MaxValue;

    /// <summary>Step 0: verifies, sorts, takes the pages' copies.</summary>
    /// <param name="target">The target.</param>
    /// <param name="writer">Its writer.</param>
    /// <param name="pokes">At most one for a site.</param>
    /// <param name="mappings">What is mapped now.</param>
    /// <param name="groupSize">Sites of a group.</param>
    public static PokePlan Make(
        TargetProcess target, TargetTextWriter writer, IReadOnlyCollection<Poke> pokes, PlannedMappings mappings, int groupSize)
    {
        var plan = new PokePlan(target, writer, mappings) { GroupSize = groupSize };
        plan.Sort(ByAddress(pokes));
        plan.Verify();
        return plan;
    }

    static Poke[] ByAddress(IReadOnlyCollection<Poke> pokes)
    {
        Poke[] sorted = [.. pokes];
        ulong[] addresses = Array.ConvertAll(sorted, poke => poke.Site.Address.Value);
        Array.Sort(addresses, sorted);
        return sorted;
    }

    void Sort(Poke[] sorted)
    {
        foreach (Poke poke in sorted)
        {
            if (_mappings.Find(poke.Site.Address) is not { } mapping) RefuseUnmapped(poke);
            else if (!IsOf(poke.Site, mapping)) SortForeign(poke, mapping);
            else if (_target.CodeFileOf(mapping) is not null) _single.Add(poke); // written through its file
            else if (mapping.IsShared) Refuse(poke, "in shared memory: other processes would see it change");
            else if (IsPrivateText(mapping)) _paged.Add(poke);
            else _single.Add(poke);
        }
    }

    /// <summary>Other memory is at its address: another's, unless the program has copied its text there, with our bytes in it.</summary>
    void SortForeign(Poke poke, MemoryMapping mapping)
    {
        bool copied = poke.Site.State != SiteState.Original && mapping.End - poke.Site.Address >= poke.To.Size && !mapping.IsShared
            && ReadSite(poke.Site) == poke.Site.Installed;
        if (copied) _single.Add(poke);
        else RefuseUnmapped(poke);
    }

    /// <summary>Whether it is in this mapping, and what we have changed is.</summary>
    static bool IsOf(Site site, MemoryMapping mapping)
    {
        if (site.State == SiteState.Original) site.Mapping = mapping;
        return mapping.End - site.Address >= site.Original.Size && site.Mapping?.IsSameAt(site.Address, mapping) != false;
    }

    static bool IsPrivateText(MemoryMapping mapping) =>
        mapping.Inode != 0
        && (mapping.Permissions & MappingPermissions.Write) == 0;

    /// <summary>Compares every site with what must be there, and takes the copy-on-write of its page before the window.</summary>
    void Verify()
    {
        _image = PatchImage.For(_paged.Select(poke => poke.Site.Address), _mappings);
        ReadRuns();
        foreach (PatchRun run in _image.Runs.Where(run => !run.IsUnmapped))
        {
            // A byte's own value: the page becomes the target's own, the text does not change.
            for (int page = 0; page < run.Image.Length; page += PatchRun.PageSize)
                _writer.TryPlace(run.Start + page, run.Image.AsSpan(page, 1));
        }
        _paged.RemoveAll(poke => !Matches(poke));
        _single.RemoveAll(poke => !Matches(poke, ReadSite(poke.Site)));
        Arrange();
    }

    void Arrange()
    {
        Pokes = _single.Count == 0 ? [.. _paged] : ByAddress([.. _paged, .. _single]);
        _before.EnsureCapacity(Pokes.Count); // filled in the window
        _image = PatchImage.For(_paged, _mappings);
        Groups =
        [
            .. Part(_image.Runs.Select(run => run.Plain!)), .. _single.Where(poke => !poke.NeedsClearing).Chunk(GroupSize).Select(Single),
            .. Part(_image.Runs.Select(run => run.Clearing!)), .. _single.Where(poke => poke.NeedsClearing).Chunk(GroupSize).Select(Single),
        ];
    }

    PokeGroup Single(Poke[] pokes) => new(_target, _writer, _mappings, [], pokes, pokes);

    /// <summary>Runs of a group: as many as the helper's list has room for, three times each.</summary>
    const int MaxRuns = 4;

    /// <summary>Groups of so many sites, or of what a run holds more.</summary>
    IEnumerable<PokeGroup> Part(IEnumerable<PatchSites> runs)
    {
        var group = new List<PatchSites>();
        int sites = 0;
        foreach (PatchSites some in runs.Where(run => run.Pokes.Count > 0))
        {
            if (sites > 0 && (sites + some.Pokes.Count > GroupSize || group.Count == MaxRuns))
            {
                yield return Paged(group);
                (group, sites) = ([], 0);
            }
            group.Add(some);
            sites += some.Pokes.Count;
        }
        if (sites > 0) yield return Paged(group);
    }

    PokeGroup Paged(List<PatchSites> sites) => new(_target, _writer, _mappings, sites, [], [.. sites.SelectMany(s => s.Pokes)]);

    bool Matches(Poke poke) => Matches(poke, ReadImage(poke.Site));

    bool Matches(Poke poke, PatchBytes? read)
    {
        if (read is not { } found || IsRenewed(poke, found) || HasVanished(poke.Site, poke.Site.Installed, found))
            RefuseUnmapped(poke);
        else if (found != poke.Site.Installed)
            Refuse(poke, $"holds {found}, expected {poke.Site.Installed}");
        else if (poke.Site.State == SiteState.Original && !RegionMatches(poke.Site))
            Refuse(poke, "its displaced instructions differ from the file's");
        else
            return true;
        return false;
    }

    /// <summary>Whether the file's bytes are there instead of ours: the module was unmapped, and the same one mapped in its place.</summary>
    static bool IsRenewed(Poke poke, PatchBytes found) => found == poke.Site.Original && found != poke.Site.Installed;

    /// <summary>Whether code that may be freed has been: what is there is neither ours nor a breakpoint that somebody has put over it.</summary>
    static bool HasVanished(Site site, PatchBytes expected, PatchBytes found) => site.MayVanish && found != expected && found.Head != PatchBytes.Int3;

    /// <summary>The displaced copy was made from the file: the whole region must be what the file says.</summary>
    bool RegionMatches(Site site)
    {
        Span<byte> live = stackalloc byte[site.Region.Length];
        PatchRun? run = _image.Runs.Count == 0 ? null : _image.TryFind(site.Address);
        if (run is not null && run.End - site.Address >= live.Length) run.At(site.Address, live.Length).CopyTo(live);
        else if (_target.ReadMemory(site.Address, live) != live.Length) return false;
        return live.SequenceEqual(site.Region.Span);
    }

    void Refuse(Poke poke, string reason)
    {
        poke.Site.Refusal = reason;
        _refused.Add(poke.Site);
    }

    /// <summary>What is not mapped holds nothing of ours; mapped again, it is the file's.</summary>
    void RefuseUnmapped(Poke poke)
    {
        Retire(poke.Site);
        _refused.Add(poke.Site);
    }

    static void Retire(Site site) => (site.State, site.Installed, site.Refusal) = (SiteState.Original, site.Original, NoLongerMapped);

    /// <summary>What a site on a page to rewrite held when its image was read; null when its page was not mapped.</summary>
    PatchBytes? ReadImage(Site site) => _image.Find(site.Address).IsUnmapped ? null : _image.Read(site);

    /// <summary>What another site holds; null when it is not mapped.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    PatchBytes? ReadSite(Site site)
    {
        Span<byte> bytes = stackalloc byte[site.Original.Size];
        if (_target.ReadMemory(site.Address, bytes) == bytes.Length) return PatchBytes.From(bytes, bytes.Length);
        ThrowIfGone();
        return null;
    }

    void ThrowIfGone()
    {
        if (_target.IsGone) throw AttachChecks.Ended(_target.Pid);
    }

    /// <summary>Whether a breakpoint of an earlier tracer stands where this batch has changed nothing.</summary>
    public bool LeavesBreakpoint => Deferred.Concat(_refused).Any(site => site.Installed.Head == PatchBytes.Int3 && !site.Installed.Stays);

    /// <summary>Whether breakpoints are put in that stay.</summary>
    public bool PutsInBreakpoints => Pokes.Any(poke => poke.To.Stays);

    /// <summary>From here on nobody knows what a site holds, until <see cref="Settle()"/> has looked.</summary>
    public void MarkChanging()
    {
        foreach (Poke poke in Pokes)
        {
            _before[poke.Site] = poke.Site.State;
            poke.Site.State = SiteState.Changing;
            poke.Site.Stub ??= poke.Stub;
        }
    }

    /// <summary>Some site was left out by <see cref="ReadImages"/>.</summary>
    public bool LeftOut { get; private set; }

    /// <summary>The images that the passes start from, read in the window.</summary>
    public void ReadImages()
    {
        ReadRuns();
        if (_image.Runs.All(run => !run.IsUnmapped && run.FindChanged() is null)) return;
        // Between the plan and the window somebody else wrote there, or unmapped it: not a byte of ours goes over it.
        LeftOut = true;
        _paged.RemoveAll(poke => !Matches(poke));
        Arrange();
        ReadRuns();
    }

    /// <summary>Reads every run that is mapped.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    void ReadRuns()
    {
        foreach (PatchRun run in _image.Runs.Where(run => !run.IsUnmapped)) Read(run);
    }

    void Read(PatchRun run)
    {
        for (int tries = 0; _target.ReadMemory(run.Start, run.Image) != run.Image.Length; tries++)
        {
            ThrowIfGone();
            run.IsUnmapped = !_mappings.AreStill(run.Start, run.End, asked: true);
            if (run.IsUnmapped) return;
            if (tries == ReadTries) throw new IOException($"the text at {run.Start} can't be read"); // and not because the same file is just being mapped again
            Clock.Sleep(s_readAgain);
        }
    }

    /// <summary>Puts the original bytes into a forked child's own copy of the text.</summary>
    public void Mend(Pid child)
    {
        using TargetTextWriter? writer = TargetTextWriter.ForForkChild(child);
        if (writer is null) return; // it has been killed meanwhile
        Span<byte> bytes = stackalloc byte[PatchBytes.MaxLength];
        HashSet<Site> unmapped = Unmapped;
        foreach (Poke poke in Pokes.Where(poke => !unmapped.Contains(poke.Site)))
        {
            poke.Site.Original.CopyTo(bytes);
            writer.TryPlace(poke.Site.Address, bytes[..poke.To.Size]); // not where it has been killed meanwhile, or has unmapped the module
        }
    }

    /// <summary>After the window: looks at every site and records what it holds.</summary>
    /// <exception cref="PatchMismatchException">A site holds something else: no more patching in this target.</exception>
    public void Settle()
    {
        PatchMismatchException? first = null;
        ReadRuns();
        HashSet<Site> deferred = [.. Deferred], unmapped = Unmapped;
        foreach (Poke poke in _paged) Settle(poke, deferred.Contains(poke.Site), unmapped.Contains(poke.Site) ? null : ReadImage(poke.Site), ref first);
        foreach (Poke poke in _single) Settle(poke, deferred.Contains(poke.Site), unmapped.Contains(poke.Site) ? null : ReadSite(poke.Site), ref first);
        if (first is not null) throw first;
    }

    HashSet<Site> Unmapped => [.. Groups.SelectMany(group => group.Unmapped)];

    void Settle(Poke poke, bool deferred, PatchBytes? read, ref PatchMismatchException? first)
    {
        Site site = poke.Site;
        if (read is not { } found)
        {
            if (!deferred) _refused.Add(site);
            bool copied = site.Installed != site.Original && ReadSite(site) == site.Installed; // the program's own copy of its text, jumps included
            if (copied) (site.State, site.Refusal) = (_before[site], NoLongerMapped);
            else Retire(site);
            return;
        }
        PatchBytes expected = deferred ? site.Installed : poke.To;
        if (IsGone(site, expected, ref found))
        {
            if (!deferred) _refused.Add(site);
            Retire(site);
            return;
        }
        if (found != expected)
        {
            first ??= new PatchMismatchException(site.Address, Bytes(expected), Bytes(found));
            return; // it stays Changing: whoever comes next reads the bytes and decides
        }
        if (deferred)
        {
            site.State = _before[site];
            return;
        }
        site.Installed = poke.To;
        site.State = poke.Stub is null ? SiteState.Original : SiteState.Armed;
        site.Stub = poke.Stub ?? site.Stub;
        site.Refusal = null;
    }

    /// <summary>
    /// Whether the same file was mapped anew there, or other memory. Between a look at the bytes and one at what is mapped the file may have come back: then the bytes
    /// are others by now.
    /// </summary>
    bool IsGone(Site site, PatchBytes expected, ref PatchBytes found)
    {
        for (int tries = 0; found != expected && tries < MismatchTries; tries++)
        {
            if (found == site.Original || HasVanished(site, expected, found) || !_mappings.AreStill(site.Address, site.Address + site.Original.Size, asked: true)) return true;
            Clock.Sleep(s_readAgain);
            if (ReadSite(site) is not { } again) return true;
            found = again;
        }
        return false;
    }

    static byte[] Bytes(PatchBytes bytes)
    {
        var copy = new byte[bytes.Size];
        bytes.CopyTo(copy);
        return copy;
    }
}
