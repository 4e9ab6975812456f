using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// The sites of one batch and the bytes each pass writes. Sites on private, file-backed, read-only text are written
/// by whole runs of pages; others byte by byte, since their pages are not ours to rewrite.
/// </summary>
sealed class PokePlan
{
    readonly TargetProcess _target;
    readonly TargetTextWriter _writer;
    readonly List<Poke> _paged = [];
    readonly List<Poke> _single = [];
    readonly HashSet<Site> _deferred = [];
    readonly List<Site> _refused = [];
    readonly Dictionary<Site, SiteState> _before = [];
    PatchImage _image = PatchImage.For(new List<Poke>());

    PokePlan(TargetProcess target, TargetTextWriter writer) => (_target, _writer) = (target, writer);

    /// <summary>The pokes that verified, by address.</summary>
    public IReadOnlyList<Poke> Pokes { get; private set; } = [];

    /// <summary>Sites that did not verify.</summary>
    public IReadOnlyCollection<Site> Refused => _refused;

    /// <summary>Sites that got an int3 and their old head again.</summary>
    public IReadOnlyCollection<Site> Deferred => _deferred;

    /// <summary>Step 0: verifies, sorts, takes the pages' copies.</summary>
    public static PokePlan Make(TargetProcess target, TargetTextWriter writer, IReadOnlyCollection<Poke> pokes)
    {
        var plan = new PokePlan(target, writer);
        plan.Sort([.. pokes.OrderBy(poke => poke.Site.Address)]);
        plan.Verify();
        return plan;
    }

    void Sort(List<Poke> sorted)
    {
        IReadOnlyList<MemoryMapping> mappings = _target.ReadMappings();
        int at = 0;
        foreach (Poke poke in sorted)
        {
            TargetAddress address = poke.Site.Address;
            while (at < mappings.Count && mappings[at].End <= address) at++;
            if (at == mappings.Count || address < mappings[at].Start || mappings[at].End - address < PatchBytes.Length)
                Refuse(poke, "no longer mapped");
            else if (mappings[at].IsShared) Refuse(poke, "in shared memory: other processes would see it change");
            else if (IsPrivateText(mappings[at])) _paged.Add(poke);
            else _single.Add(poke);
        }
    }

    static bool IsPrivateText(MemoryMapping mapping) =>
        mapping.Inode != 0
        && (mapping.Permissions & MappingPermissions.Write) == 0;

    /// <summary>Compares every site with what must be there, and takes the copy-on-write of its page before the window.</summary>
    void Verify()
    {
        _image = PatchImage.For(_paged.Select(poke => poke.Site.Address));
        foreach (PatchRun run in _image.Runs)
        {
            if (_target.ReadMemory(run.Start, run.Image) != run.Image.Length) throw AttachChecks.Ended(_target.Pid);
            // A byte's own value: the page becomes the target's own, the text does not change.
            for (int page = 0; page < run.Image.Length; page += PatchRun.PageSize)
                _writer.Place(run.Start + page, run.Image.AsSpan(page, 1));
        }
        _paged.RemoveAll(poke => !Matches(poke, _image.Read(poke.Site.Address)));
        _single.RemoveAll(poke => !Matches(poke, ReadSite(poke.Site.Address)));
        Pokes = [.. _paged.Concat(_single).OrderBy(poke => poke.Site.Address)];
        _image = PatchImage.For(_paged);
    }

    bool Matches(Poke poke, PatchBytes found)
    {
        if (found != poke.Site.Installed)
            Refuse(poke, $"holds {found}, expected {poke.Site.Installed}");
        else if (poke.Site.State == SiteState.Original && !RegionMatches(poke.Site))
            Refuse(poke, "its displaced instructions differ from the file's");
        else
            return true;
        return false;
    }

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

    PatchBytes ReadSite(TargetAddress address)
    {
        Span<byte> bytes = stackalloc byte[PatchBytes.Length];
        if (_target.ReadMemory(address, bytes) != bytes.Length) throw AttachChecks.Ended(_target.Pid);
        return PatchBytes.From(bytes);
    }

    /// <summary>Whether a breakpoint of an earlier tracer stands where this batch has changed nothing.</summary>
    public bool LeavesBreakpoint => _deferred.Concat(_refused).Any(site => site.Installed.Head == PatchBytes.Int3);

    /// <summary>Whether any site is to get new bytes.</summary>
    public bool HasTails => _deferred.Count < Pokes.Count;

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
        if (_image.Runs.All(run => run.FindChanged() is null)) return;
        // Between the plan and the window somebody else wrote there: not a byte of ours goes over it.
        LeftOut = true;
        _paged.RemoveAll(poke => !Matches(poke, _image.Read(poke.Site.Address)));
        Pokes = [.. _paged.Concat(_single).OrderBy(poke => poke.Site.Address)];
        _image = PatchImage.For(_paged);
        ReadRuns();
    }

    void ReadRuns()
    {
        foreach (PatchRun run in _image.Runs)
            if (_target.ReadMemory(run.Start, run.Image) != run.Image.Length) throw AttachChecks.Ended(_target.Pid);
    }

    /// <summary>Pass 1.</summary>
    public void WriteBreakpoints()
    {
        foreach (PatchRun run in _image.Runs)
        {
            run.PutBreakpoints();
            _writer.WritePage(run.Start, run.Image);
        }
        foreach (Poke poke in _single)
            _writer.Write(poke.Site.Address, [poke.Site.Installed.Head], [PatchBytes.Int3]);
    }

    /// <summary>Pass 2; deferred sites get their head back.</summary>
    public void WriteTails()
    {
        Span<byte> before = stackalloc byte[PatchBytes.Length], after = stackalloc byte[PatchBytes.Length];
        foreach (PatchRun run in _image.Runs)
        {
            run.PutTails();
            _writer.WritePage(run.Start, run.Image);
        }
        foreach (Poke poke in _single)
        {
            if (_deferred.Contains(poke.Site))
            {
                WriteOnce(poke.Site.Address, [PatchBytes.Int3], [poke.Site.Installed.Head]);
                continue;
            }
            poke.Site.Installed.CopyTo(before);
            poke.To.CopyTo(after);
            WriteOnce(poke.Site.Address + 1, before[1..], after[1..]);
        }
    }

    /// <summary>A write that may have been made by an earlier try of the same step.</summary>
    void WriteOnce(TargetAddress address, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> bytes)
    {
        Span<byte> now = stackalloc byte[PatchBytes.Length];
        now = now[..bytes.Length];
        if (_target.ReadMemory(address, now) == now.Length && now.SequenceEqual(bytes)) return;
        _writer.Write(address, expected, bytes);
    }

    /// <summary>Pass 3.</summary>
    public void WriteHeads()
    {
        foreach (PatchRun run in _image.Runs)
        {
            run.PutHeads();
            _writer.WritePage(run.Start, run.Image);
        }
        foreach (Poke poke in _single)
            if (!_deferred.Contains(poke.Site))
                WriteOnce(poke.Site.Address, [PatchBytes.Int3], [poke.To.Head]);
    }

    /// <summary>Leaves these out from pass 2 on.</summary>
    public void Defer(IEnumerable<Poke> pokes)
    {
        foreach (Poke poke in pokes) Defer(poke, "a saved context of a thread points into it");
    }

    /// <summary>Leaves all out.</summary>
    public void DeferAll(string reason)
    {
        foreach (Poke poke in Pokes) Defer(poke, reason);
    }

    void Defer(Poke poke, string reason)
    {
        poke.Site.Refusal = reason;
        _deferred.Add(poke.Site);
        _image.TryFind(poke.Site.Address)?.Defer(poke.Site.Address);
    }

    /// <summary>Puts the original bytes into a forked child's own copy of the text.</summary>
    public void Mend(Pid child)
    {
        using TargetTextWriter? writer = TargetTextWriter.ForForkChild(child);
        if (writer is null) return; // it has been killed meanwhile
        Span<byte> bytes = stackalloc byte[PatchBytes.Length];
        foreach (Poke poke in Pokes)
        {
            poke.Site.Original.CopyTo(bytes);
            if (!writer.TryPlace(poke.Site.Address, bytes)) return;
        }
    }

    /// <summary>After the window: looks at every site and records what it holds.</summary>
    /// <exception cref="PatchMismatchException">A site holds something else: no more patching in this target.</exception>
    public void Settle()
    {
        PatchMismatchException? first = null;
        ReadRuns();
        foreach (Poke poke in _paged) Settle(poke, _image.Read(poke.Site.Address), ref first);
        foreach (Poke poke in _single) Settle(poke, ReadSite(poke.Site.Address), ref first);
        if (first is not null) throw first;
    }

    void Settle(Poke poke, PatchBytes found, ref PatchMismatchException? first)
    {
        Site site = poke.Site;
        bool deferred = _deferred.Contains(site);
        PatchBytes expected = deferred ? site.Installed : poke.To;
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

    static byte[] Bytes(PatchBytes bytes)
    {
        var copy = new byte[PatchBytes.Length];
        bytes.CopyTo(copy);
        return copy;
    }
}
