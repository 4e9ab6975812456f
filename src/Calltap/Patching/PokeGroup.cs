using Calltap.Code;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// The sites of a batch that change together, in three passes. A batch has several groups, one after another in the same window: the
/// breakpoints of one stand only for its own passes, so that a busy thread meets few of them. Sites on private, file-backed, read-only
/// text are written by whole runs of pages; others byte by byte, since their pages are not ours to rewrite.
/// </summary>
/// <param name="target">The target.</param>
/// <param name="writer">Its writer.</param>
/// <param name="mappings">What was mapped when the batch was planned.</param>
/// <param name="paged">The sites on pages to rewrite, run by run.</param>
/// <param name="single">The sites written by themselves.</param>
/// <param name="pokes">All of the group.</param>
sealed class PokeGroup(
    TargetProcess target, TargetTextWriter writer, PlannedMappings mappings, IReadOnlyList<PatchSites> paged, IReadOnlyList<Poke> single, IReadOnlyList<Poke> pokes)
{
    readonly HashSet<Site> _deferred = [];
    readonly HashSet<Site> _unmapped = [];

    /// <summary>All of the group.</summary>
    public IReadOnlyList<Poke> Pokes => pokes;

    /// <summary>Sites that got an int3 and their old head again.</summary>
    public IReadOnlyCollection<Site> Deferred => _deferred;

    /// <summary>Sites that are gone with their pages; deferred as well.</summary>
    public IReadOnlySet<Site> Unmapped => _unmapped;

    /// <summary>Whether any site is to get new bytes.</summary>
    public bool HasTails => _deferred.Count < pokes.Count;

    /// <summary>Whether threads may stand in one of its regions when its tails change.</summary>
    public bool NeedsClearing { get; } = pokes.Any(poke => poke.NeedsClearing);

    /// <summary>Whether the helper may write its passes: whole pages that nobody else writes.</summary>
    public bool Fits(IPassList passes) => single.Count == 0 && passes.Fits(paged.Sum(sites => (long)sites.Run.Image.Length), paged.Count);

    /// <summary>Before pass 1: the images hold what is there.</summary>
    public void Begin()
    {
        foreach (PatchSites sites in paged) sites.Begin();
    }

    /// <summary>Pass 1, for the helper.</summary>
    public void AddBreakpoints(IPassList passes) => Add(passes, sites => sites.Witness, sites => sites.PutBreakpoints());

    /// <summary>Pass 2, for the helper.</summary>
    public void AddTails(IPassList passes) => Add(passes, sites => sites.FirstChanging, sites => sites.PutTails());

    /// <summary>Pass 3, for the helper.</summary>
    public void AddHeads(IPassList passes) => Add(passes, sites => sites.FirstChanging, sites => sites.PutHeads());

    /// <summary>Before a run is written, a site of it tells whether what was written there before is still there.</summary>
    void Add(IPassList passes, Func<PatchSites, Poke?> witness, Action<PatchSites> put)
    {
        const int Word = sizeof(uint);
        foreach (PatchSites sites in paged)
        {
            if (sites.Run.IsUnmapped) continue;
            if (witness(sites) is { } poke)
            {
                var word = new TargetAddress(poke.Site.Address.Value & ~(ulong)(Word - 1));
                passes.Expect(word, sites.Run.At(word, Word));
            }
            put(sites);
            passes.Write(sites.Run.Start, sites.Run.Image);
        }
    }

    /// <summary>
    /// The helper has not come to the end of its passes: what the images hold is what is there, but for the heads, which are breakpoints again
    /// with the next write.
    /// </summary>
    public void ReadAgain()
    {
        foreach (PatchSites sites in paged)
        {
            if (sites.Run.IsUnmapped) continue;
            if (target.ReadMemory(sites.Run.Start, sites.Run.Image) != sites.Run.Image.Length) throw AttachChecks.Ended(target.Pid);
            sites.PutBreakpoints();
        }
    }

    /// <summary>Pass 1.</summary>
    public void WriteBreakpoints()
    {
        foreach (PatchSites sites in paged)
        {
            if (sites.Run.IsUnmapped || DropIfRenewed(sites, begun: false)) continue;
            sites.PutBreakpoints();
            writer.WritePage(sites.Run.Start, sites.Run.Image);
        }
        foreach (Poke poke in single)
        {
            if (_unmapped.Contains(poke.Site) || DropIfVanished(poke, poke.Site.Installed)) continue;
            Write(poke, poke.Site.Installed, Broken(poke.Site.Installed), ..1, again: false);
        }
    }

    /// <summary>Pass 2; deferred sites get their head back.</summary>
    public void WriteTails()
    {
        foreach (PatchSites sites in paged)
        {
            if (sites.Run.IsUnmapped || DropIfRenewed(sites, begun: true)) continue;
            sites.PutTails();
            writer.WritePage(sites.Run.Start, sites.Run.Image);
        }
        foreach (Poke poke in single)
        {
            if (_unmapped.Contains(poke.Site) || DropIfRenewed(poke) || DropIfVanished(poke, poke.Site.Installed)) continue;
            PatchBytes before = Broken(poke.Site.Installed);
            if (_deferred.Contains(poke.Site)) Write(poke, before, poke.Site.Installed, ..1, again: true);
            else Write(poke, before, Broken(poke.To), 1.., again: true);
        }
    }

    /// <summary>Pass 3.</summary>
    public void WriteHeads()
    {
        foreach (PatchSites sites in paged)
        {
            if (sites.Run.IsUnmapped || DropIfRenewed(sites, begun: true)) continue;
            sites.PutHeads();
            writer.WritePage(sites.Run.Start, sites.Run.Image);
        }
        foreach (Poke poke in single)
            if (!_deferred.Contains(poke.Site) && !DropIfRenewed(poke) && !DropIfVanished(poke, poke.To))
                Write(poke, Broken(poke.To), poke.To, ..1, again: true);
    }

    static PatchBytes Broken(PatchBytes bytes) => bytes.WithHead(PatchBytes.Int3);

    /// <summary>What stands behind a site's bytes and is compared with them: where one byte tells little, and where a stub must be right for any code that has these bytes.</summary>
    static ReadOnlySpan<byte> Behind(Poke poke) =>
        poke.Site.IsBreakpoint || (poke.Site.IsTransient && poke.Stub is not null) ? poke.Site.Region.Span[poke.To.Size..] : [];

    /// <summary>
    /// Changes a site that is written by itself. Of one whose code may be freed all bytes are compared in the step that changes some: they are ours, or none is written. Of a dynamic method, which will
    /// be freed, the whole region is where it is armed: whatever code has come there meanwhile, with these bytes the stub stands for it as well (<c>TransientSites</c>).
    /// </summary>
    /// <param name="poke">The site.</param>
    /// <param name="from">What it holds.</param>
    /// <param name="to">What it is to hold.</param>
    /// <param name="part">Where the two differ.</param>
    /// <param name="again">Whether an earlier try of the same step may have made it.</param>
    void Write(Poke poke, PatchBytes from, PatchBytes to, Range part, bool again)
    {
        if (from == to) return; // a breakpoint that stays
        Site site = poke.Site;
        ReadOnlySpan<byte> behind = site.MayVanish ? Behind(poke) : [];
        (int start, int length) = site.MayVanish ? (0, to.Size + behind.Length) : part.GetOffsetAndLength(to.Size);
        Span<byte> expected = stackalloc byte[RegionBytes.MaxLength], bytes = stackalloc byte[RegionBytes.MaxLength], now = stackalloc byte[RegionBytes.MaxLength];
        from.CopyTo(expected);
        to.CopyTo(bytes);
        behind.CopyTo(expected[to.Size..]);
        behind.CopyTo(bytes[to.Size..]);
        TargetAddress address = site.Address + start;
        if (again && target.ReadMemory(address, now[..length]) == length && now[..length].SequenceEqual(bytes.Slice(start, length))) return;
        writer.Write(mappings.Find(address), address, expected.Slice(start, length), bytes.Slice(start, length));
    }

    /// <summary>
    /// Looks whether the pages are still those of the plan, and drops the sites that are gone with theirs: what is mapped there now is not
    /// ours to write to. (A page that goes between this look and a write to it, in some microseconds, is not seen.)
    /// </summary>
    /// <param name="asked">Something has failed: it may take a while to find out.</param>
    /// <param name="begun">Every site has got its breakpoint.</param>
    /// <returns>Whether any was dropped.</returns>
    public bool DropUnmapped(bool asked, bool begun)
    {
        int before = _unmapped.Count;
        foreach (PatchSites sites in paged)
            if (sites.Run.IsUnmapped || (!mappings.AreStill(sites.Run.Start, sites.Run.End, asked) && !sites.Pokes.Any(HoldsOurBreakpoint))) Drop(sites);
            else DropIfRenewed(sites, begun);
        foreach (Poke poke in single)
            if (!mappings.AreStill(poke.Site.Address, poke.Site.Address + poke.To.Size, asked)) Drop([poke]);
        return _unmapped.Count > before;
    }

    /// <summary>
    /// The same file may have been mapped anew in the same place, by a library that is closed and loaded again: no mapping tells, but the file's bytes do
    /// where ours were. What is there now has no breakpoint in front of what the next pass would change.
    /// </summary>
    bool DropIfRenewed(PatchSites sites, bool begun)
    {
        Poke? first = begun ? sites.FirstChanging : null;
        if (!(first is null ? sites.Witness is { } witness && HoldsFile(witness.Site) : IsRenewed(first, begun))) return false;
        Drop(sites);
        return true;
    }

    bool DropIfRenewed(Poke poke)
    {
        if (!IsRenewed(poke, begun: !_deferred.Contains(poke.Site))) return false;
        Drop([poke]);
        return true;
    }

    /// <summary>
    /// Code that was freed is another's: not a byte of ours goes over what is there now. (Code that goes between this look and the write, in a microsecond, is not seen.)
    /// </summary>
    /// <param name="poke">The site.</param>
    /// <param name="known">What it holds now, but for a breakpoint at its head; or what it gets, where this step was made before.</param>
    bool DropIfVanished(Poke poke, PatchBytes known)
    {
        if (!poke.Site.MayVanish) return false;
        ReadOnlySpan<byte> behind = Behind(poke);
        Span<byte> rest = stackalloc byte[behind.Length], bytes = stackalloc byte[known.Size];
        if (target.ReadMemory(poke.Site.Address + known.Size, rest) != rest.Length || !rest.SequenceEqual(behind))
        {
            Drop([poke]);
            return true;
        }
        if (target.ReadMemory(poke.Site.Address, bytes) == bytes.Length)
        {
            PatchBytes found = PatchBytes.From(bytes, bytes.Length);
            if (found == known || found == poke.To || (found.Head == PatchBytes.Int3 && (found.Value >> 8 == known.Value >> 8 || found.Value >> 8 == poke.To.Value >> 8))) return false;
        }
        Drop([poke]);
        return true;
    }

    /// <summary>
    /// Whether a site holds the file's bytes where only ours can be. Where the file's are what it gets nothing tells, but then the tails that are written are
    /// those that are there.
    /// </summary>
    bool IsRenewed(Poke poke, bool begun) => (begun ? poke.To : poke.Site.Installed) != poke.Site.Original && HoldsFile(poke.Site);

    bool HoldsFile(Site site)
    {
        Span<byte> bytes = stackalloc byte[site.Original.Size];
        return !mappings.AreTrusted && target.ReadMemory(site.Address, bytes) == bytes.Length && PatchBytes.From(bytes, bytes.Length) == site.Original;
    }

    /// <summary>Whether the memory there now is a copy of the text with a breakpoint of this window in it: it is taken back like any other.</summary>
    bool HoldsOurBreakpoint(Poke poke)
    {
        Span<byte> bytes = stackalloc byte[poke.To.Size];
        if (target.ReadMemory(poke.Site.Address, bytes) != bytes.Length) return false;
        PatchBytes found = PatchBytes.From(bytes, bytes.Length);
        return found.Head == PatchBytes.Int3 && (found.Value >> 8 == poke.Site.Installed.Value >> 8 || found.Value >> 8 == poke.To.Value >> 8);
    }

    void Drop(PatchSites sites)
    {
        sites.Run.IsUnmapped = true;
        Drop(sites.Pokes);
    }

    void Drop(IReadOnlyCollection<Poke> some)
    {
        Defer(some, PokePlan.NoLongerMapped);
        _unmapped.UnionWith(some.Select(poke => poke.Site));
    }

    /// <summary>Leaves these out from pass 2 on.</summary>
    public void Defer(IEnumerable<Poke> some, string reason)
    {
        foreach (Poke poke in some)
        {
            poke.Site.Refusal = reason;
            if (!_deferred.Add(poke.Site)) continue;
            foreach (PatchSites sites in paged) sites.Defer(poke.Site.Address);
        }
    }
}
