using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
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
    readonly Dictionary<(SiteId Site, StubEvents Events), Stub> _stubs = [];
    uint _next = 1;

    public SiteRegistry(TargetProcess target, TargetTextWriter writer, TargetMemory memory, SessionPlan plan)
    {
        _target = target;
        _writer = writer;
        _memory = memory;
        _table = new byte[(long)SiteTableEntry.Size * plan.MaxSites];
    }

    /// <summary>The sites of every function that was ever wanted.</summary>
    public IReadOnlyDictionary<FunctionId, FunctionSites> Functions => _functions;

    /// <summary>The sites of a function.</summary>
    public FunctionSites Of(TargetFunction function)
    {
        if (_functions.TryGetValue(function.Id, out FunctionSites? known)) return known;
        SitePlan entry = function.Plan.Entry!;
        var sites = new FunctionSites(function, Create(function, entry), [.. function.Plan.Exits.Select(exit => Create(function, exit))]);
        _functions.Add(function.Id, sites);
        _memory.Session.Set32(SessionHeader.SiteCount, (int)_next);
        return sites;
    }

    Site Create(TargetFunction function, SitePlan plan)
    {
        var id = new SiteId(_next++);
        var exit = plan.CombinedExit ? new SiteId(_next++) : default;
        return new Site(id, exit, function.Id, plan, plan.Address.At(function.Module.LoadBias), plan.Original.ToArray(plan.Length));
    }

    /// <summary>
    /// The stub that a site has had for these events; null when it has had none. Its bytes never change, so a function
    /// that is armed again and again takes no more room.
    /// </summary>
    public Stub? StubOf(Site site, in StubEvents events) => _stubs.GetValueOrDefault((site.Id, events));

    /// <summary>Keeps a stub that was written.</summary>
    public void Keep(Site site, in StubEvents events, Stub stub) => _stubs.Add((site.Id, events), stub);

    /// <summary>After a window that ended by an exception, the bytes themselves say what a site is.</summary>
    public void LookAgain()
    {
        Span<byte> bytes = stackalloc byte[PatchBytes.Length];
        foreach (FunctionSites sites in _functions.Values)
            foreach (Site site in sites.Exits.Prepend(sites.Entry))
            {
                if (site.State != SiteState.Changing || _target.ReadMemory(site.Address, bytes) != bytes.Length) continue;
                site.Installed = PatchBytes.From(bytes);
                site.State = site.Installed == site.Original ? SiteState.Original : SiteState.Armed;
            }
    }

    /// <summary>Notes who wants a site, for <c>status</c>.</summary>
    public void Want(Site site, ulong ops, TargetAddress trampoline) => _wanted[site.Id] = (ops, trampoline);

    /// <inheritdoc/>
    public void Changing(IReadOnlyList<Poke> pokes)
    {
        foreach (Poke poke in pokes) Record(poke.Site, SiteState.Changing, poke.To, poke.Stub ?? poke.Site.Stub);
        WriteSpan(pokes);
    }

    /// <inheritdoc/>
    public void Changed(IReadOnlyList<Poke> pokes)
    {
        foreach (Poke poke in pokes) Record(poke.Site, poke.Site.State, poke.Site.Installed, poke.Site.Stub);
        WriteSpan(pokes);
    }

    void Record(Site site, SiteState state, PatchBytes installed, Stub? stub)
    {
        (ulong ops, TargetAddress trampoline) = _wanted.GetValueOrDefault(site.Id);
        var entry = new SiteTableEntry(
            site.Address, stub?.Start ?? default, stub?.Displaced ?? default, site.Original, installed,
            site.Plan.Length, site.Plan.CodeLength, site.Plan.Kind, site.Plan.Class, state, ops, trampoline,
            site.Function, site.Id);
        entry.Write(_table.AsSpan(SiteTableEntry.Size * (int)site.Id.Value, SiteTableEntry.Size));
    }

    /// <summary>One write for all: what lies between is written with its own value.</summary>
    void WriteSpan(IReadOnlyList<Poke> pokes)
    {
        if (pokes.Count == 0) return;
        int first = (int)pokes.Min(poke => poke.Site.Id.Value), last = (int)pokes.Max(poke => poke.Site.Id.Value);
        int start = SiteTableEntry.Size * first;
        _writer.Place(_memory.SiteTable + start, _table.AsSpan(start, SiteTableEntry.Size * (last - first + 1)));
    }
}
