using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The sites of a session: made when a function is first wanted, never forgotten, and kept in a table in the target
/// as well (<see cref="SiteTableEntry"/>), written before a window and after it.
/// </summary>
sealed class SiteRegistry : IPokeJournal
{
    readonly TargetProcess _target;
    readonly TargetTextWriter _writer;
    readonly TargetMemory _memory;
    readonly byte[] _table;
    readonly Dictionary<FunctionId, FunctionSites> _functions = [];
    readonly Dictionary<SiteId, (ulong Ops, TargetAddress Trampoline)> _wanted = [];
    readonly Dictionary<(SiteId Site, TargetAddress Address, StubEvents Events), Stub> _stubs = [];
    readonly Dictionary<int, Site> _witnesses = []; // an armed site of each module that has any
    readonly MappingTable _mappings;
    readonly int _maxSites;
    bool _witnessesAreOld;
    uint _next = 1;

    public SiteRegistry(TargetProcess target, TargetTextWriter writer, TargetMemory memory, SessionPlan plan)
    {
        _target = target;
        _writer = writer;
        _memory = memory;
        _table = new byte[(long)SiteTableEntry.Size * plan.MaxSites];
        _maxSites = plan.MaxSites;
        _mappings = new MappingTable(writer, memory.SiteTable + plan.MappingTableOffset, memory.Session) { InUse = MappingsInUse };
    }

    /// <summary>The same sites in what was just forked, as they are there.</summary>
    public SiteRegistry(SiteRegistry original, TargetProcess target, TargetTextWriter writer, TargetMemory memory, SessionPlan plan, FunctionCatalog catalog)
    {
        (_target, _writer, _memory, _maxSites, _next) = (target, writer, memory, original._maxSites, original._next);
        _table = original._table.AsSpan().ToArray();
        _mappings = new MappingTable(original._mappings, writer, memory.SiteTable + plan.MappingTableOffset, memory.Session) { InUse = MappingsInUse };
        foreach ((FunctionId id, FunctionSites sites) in original._functions)
            _functions.Add(id, new FunctionSites(catalog.Functions[id.Value], new Site(sites.Entry), [.. sites.Exits.Select(exit => new Site(exit))]) { Armed = sites.Armed });
        foreach ((SiteId site, (ulong, TargetAddress) wanted) in original._wanted) _wanted.Add(site, wanted);
        foreach (((SiteId, TargetAddress, StubEvents) key, Stub stub) in original._stubs) _stubs.Add(key, stub);
        _witnessesAreOld = true;
        memory.Session.Set32(SessionHeader.SiteCount, (int)_next);
    }

    /// <summary>
    /// Whether a process that was forked has its sites as they are here now: its own copy of the site table says so, which is written before each window and behind it.
    /// </summary>
    public bool IsSameIn(TargetProcess child)
    {
        ReadOnlySpan<byte> here = _table.AsSpan(0, SiteTableEntry.Size * (int)_next);
        var there = new byte[here.Length];
        return child.ReadMemory(_memory.SiteTable, there) == there.Length && here.SequenceEqual(there);
    }

    /// <summary>All sites that there are.</summary>
    public IEnumerable<Site> Sites => _functions.Values.SelectMany(sites => sites.Exits.Prepend(sites.Entry));

    /// <summary>The sites of every function that was ever wanted.</summary>
    public IReadOnlyDictionary<FunctionId, FunctionSites> Functions => _functions;

    /// <summary>Whether the function has its sites, or there is room for them.</summary>
    public bool HasRoomFor(TargetFunction function) =>
        _functions.ContainsKey(function.Id) || _next + SessionPlan.SitesOf(function) <= _maxSites;

    /// <summary>The sites of a function, where its module is loaded now; their ids are the same wherever that is.</summary>
    public FunctionSites Of(TargetFunction function)
    {
        if (_functions.TryGetValue(function.Id, out FunctionSites? known))
            return known.Function.Module.LoadBias == function.Module.LoadBias ? known : _functions[function.Id] = Moved(known, function);
        SitePlan entry = function.Plan.Entry!;
        var sites = new FunctionSites(function, Create(function, entry), [.. function.Plan.Exits.Select(exit => Create(function, exit))]);
        _functions.Add(function.Id, sites);
        _memory.Session.Set32(SessionHeader.SiteCount, (int)_next);
        return sites;
    }

    /// <summary>Whether what was armed of the function where its module was before is still armed there: in a copy that the program has made.</summary>
    public bool IsLeftElsewhere(TargetFunction function) =>
        _functions.TryGetValue(function.Id, out FunctionSites? known) && known.Function.Module.LoadBias != function.Module.LoadBias && !known.IsWhole(default);

    static FunctionSites Moved(FunctionSites known, TargetFunction function)
    {
        return new FunctionSites(function, Move(known.Entry), [.. known.Exits.Select(Move)]);

        Site Move(Site site) => new(site.Id, site.ExitId, site.Function, site.Plan, site.Plan.Address.At(function.Module.LoadBias), site.Region);
    }

    Site Create(TargetFunction function, SitePlan plan)
    {
        var id = new SiteId(_next++);
        var exit = plan.CombinedExit ? new SiteId(_next++) : default;
        return new Site(id, exit, function.Id, plan, plan.Address.At(function.Module.LoadBias), plan.Original.ToArray(plan.Length)) { MayVanish = function.Symbol.Source == FunctionSource.Compiled, IsTransient = function.Symbol.IsTransient };
    }

    /// <summary>
    /// The stub that a site has had at its address for these events; null when it has had none. Its bytes never change, so a function
    /// that is armed again and again takes no more room.
    /// </summary>
    public Stub? StubOf(Site site, in StubEvents events) => _stubs.GetValueOrDefault((site.Id, site.Address, events));

    /// <summary>Keeps a stub that was written.</summary>
    public void Keep(Site site, in StubEvents events, Stub stub)
    {
        _stubs.Add((site.Id, site.Address, events), stub);
        if (site.Plan.MayFault) _memory.Arenas.All.First(arena => stub.Start >= arena.Start && stub.Start < arena.End).AddFaults(site, stub);
    }

    /// <summary>Stubs whose room goes to others: no site leads there, and none will.</summary>
    public void Forget(IReadOnlyList<ArenaPlot> plots)
    {
        if (plots.Count == 0) return;
        bool IsIn(Stub stub) => plots.Any(plot => stub.Start >= plot.Start && stub.Start < plot.End);
        foreach ((SiteId, TargetAddress, StubEvents) key in _stubs.Where(stub => IsIn(stub.Value)).Select(stub => stub.Key).ToList()) _stubs.Remove(key);
        List<Site> without = [.. Sites.Where(site => site.Stub is { } stub && IsIn(stub))];
        foreach (Site site in without)
        {
            site.Stub = null;
            Record(site, site.State, site.Installed, null);
        }
        WriteSpan(without.Select(site => site.Id));
    }

    /// <summary>Whether something of ours is left at a site of these functions: in a copy of their text that the program has made.</summary>
    public bool IsLeft(IEnumerable<TargetFunction> functions) =>
        functions.Any(function => _functions.TryGetValue(function.Id, out FunctionSites? sites) && !sites.IsWhole(default));

    /// <summary>After a window that ended by an exception, the bytes themselves say what a site is.</summary>
    /// <returns>The sites that were looked at.</returns>
    public IReadOnlyList<Site> LookAgain()
    {
        List<Site> unknown = [.. Sites.Where(site => site.State == SiteState.Changing)];
        if (unknown.Count == 0) return unknown;
        var mappings = new PlannedMappings(_target);
        foreach (Site site in unknown) LookAgain(site, mappings);
        return unknown;
    }

    void LookAgain(Site site, PlannedMappings mappings)
    {
        if (Read(site) is not { } found) return;
        bool isThere = mappings.Find(site.Address) is { } now && site.Mapping?.IsSameAt(site.Address, now) != false;
        if (!isThere && !IsOurs(site, found)) return; // another's bytes: none of ours to put back
        site.Installed = found;
        site.State = found == site.Original ? SiteState.Original : SiteState.Armed;
    }

    bool IsOurs(Site site, PatchBytes found) => found.Stays || found.JumpsFrom(site.Address) is { } to && _memory.Arenas.All.Any(arena => to >= arena.Start && to < arena.End);

    PatchBytes? Read(Site site)
    {
        Span<byte> bytes = stackalloc byte[site.Original.Size];
        return _target.ReadMemory(site.Address, bytes) == bytes.Length ? PatchBytes.From(bytes, bytes.Length) : null;
    }

    /// <summary>
    /// A module that is gone: its sites hold nothing of ours, wherever it comes back. What does hold our bytes stays as it was: a copy of the
    /// text that the program has made.
    /// </summary>
    /// <param name="functions">The module's functions.</param>
    /// <returns>The sites of those that were armed.</returns>
    public IReadOnlyList<FunctionSites> Retire(IEnumerable<TargetFunction> functions)
    {
        List<FunctionSites> retired = [], changed = [.. functions.Select(function => _functions.GetValueOrDefault(function.Id)).OfType<FunctionSites>().Where(sites => sites.Armed.Any || !sites.IsWhole(default))];
        if (changed.Count == 0) return retired;
        var there = new NearbyBytes(_target);
        retired.AddRange(changed.Where(sites => Retire(sites, there)));
        _witnessesAreOld = true;
        WriteSpan(retired.SelectMany(sites => sites.Exits.Prepend(sites.Entry)).Select(site => site.Id));
        return retired;
    }

    /// <summary>Whether all of its sites are gone.</summary>
    bool Retire(FunctionSites sites, NearbyBytes there)
    {
        bool all = true;
        foreach (Site site in sites.Exits.Prepend(sites.Entry))
        {
            PatchBytes? found = there.At(site.Address, site.Original.Size);
            bool isCopied = (found == site.Installed && site.Installed != site.Original) || (site.State == SiteState.Changing && found?.Head == PatchBytes.Int3);
            if (isCopied)
            {
                all = false;
                continue;
            }
            (site.State, site.Installed) = (SiteState.Original, site.Original);
            Want(site, 0, default);
            Record(site, SiteState.Original, site.Original, site.Stub);
        }
        if (all) sites.Armed = default;
        return all;
    }

    /// <summary>Whether a module has been mapped anew where it was: a site that is armed holds the file's bytes.</summary>
    public bool IsRenewed(TargetModule module)
    {
        if (_witnessesAreOld) FindWitnesses();
        return _witnesses.TryGetValue(module.Id, out Site? site) && site.State == SiteState.Armed && Read(site) == site.Original;
    }

    void FindWitnesses()
    {
        _witnesses.Clear();
        foreach (FunctionSites sites in _functions.Values)
            if (sites.Entry.State == SiteState.Armed) _witnesses.TryAdd(sites.Function.Module.Id, sites.Entry);
        _witnessesAreOld = false;
    }

    /// <summary>Notes who wants a site, for <c>status</c>.</summary>
    public void Want(Site site, ulong ops, TargetAddress trampoline) => _wanted[site.Id] = (ops, trampoline);

    /// <inheritdoc/>
    public void Changing(IReadOnlyList<Poke> pokes)
    {
        foreach (Poke poke in pokes) Record(poke.Site, SiteState.Changing, poke.To, poke.Stub ?? poke.Site.Stub);
        WriteSpan(pokes.Select(poke => poke.Site.Id));
    }

    /// <inheritdoc/>
    public void Changed(IReadOnlyList<Poke> pokes)
    {
        foreach (Poke poke in pokes) Record(poke.Site, poke.Site.State, poke.Site.Installed, poke.Site.Stub);
        WriteSpan(pokes.Select(poke => poke.Site.Id));
        _witnessesAreOld = true;
    }

    void Record(Site site, SiteState state, PatchBytes installed, Stub? stub)
    {
        (ulong ops, TargetAddress trampoline) = _wanted.GetValueOrDefault(site.Id);
        var entry = new SiteTableEntry(
            site.Address, stub?.Start ?? default, stub?.Displaced ?? default, site.Original, installed,
            site.Plan.Length, site.Plan.CodeLength, site.Plan.Kind, site.Plan.Class, state, ops, trampoline,
            site.Function, site.Id, _mappings.NumberOf(site.Mapping)) { MayVanish = site.MayVanish, IsTransient = site.IsTransient };
        entry.Write(_table.AsSpan(SiteTableEntry.Size * (int)site.Id.Value, SiteTableEntry.Size));
    }

    /// <summary>Those of sites that may hold something of ours: the others are told from what lies there by nothing but their bytes, which are the file's.</summary>
    HashSet<int> MappingsInUse()
    {
        var inUse = new HashSet<int>();
        for (int site = 1; site < _next; site++)
            if (SiteTableEntry.Read(_table.AsSpan(SiteTableEntry.Size * site)) is { State: not SiteState.Original } entry) inUse.Add(entry.Mapping);
        return inUse;
    }

    /// <summary>One write for all: what lies between is written with its own value.</summary>
    void WriteSpan(IEnumerable<SiteId> sites)
    {
        (int first, int last) = (int.MaxValue, -1);
        foreach (SiteId site in sites) (first, last) = (Math.Min(first, (int)site.Value), Math.Max(last, (int)site.Value));
        if (last < 0) return;
        int start = SiteTableEntry.Size * first;
        _writer.Place(_memory.SiteTable + start, _table.AsSpan(start, SiteTableEntry.Size * (last - first + 1)));
    }
}
