using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// The arenas of a session, and which plot of them serves a module where it is loaded. An arena is added where a module comes that none has room for; the plot of
/// one that is gone serves it again where it comes back to its address, until the room is given to others (<see cref="Reclaiming"/>).
/// </summary>
sealed class ArenaSet(TargetTextWriter writer, TrampolineOptions options, SessionMemory session)
{
    const long LeastScattered = 256 << 10; // there may be few arenas, and many modules come: one that is tiny serves few of them

    readonly List<TrampolineArena> _all = [];
    readonly Dictionary<TrampolineArena, FreeRoom> _spare = []; // those for modules that come; the others are as large as theirs need
    readonly Dictionary<(int Module, long LoadBias), List<ArenaPlot>> _serving = [];
    readonly HashSet<(int Module, long LoadBias)> _gone = [];
    readonly Dictionary<(int Module, long LoadBias), string> _unserved = [];

    /// <summary>The copies of arenas in what was just forked, whose session memory is at the same address: what is in them holds there as well.</summary>
    public ArenaSet(ArenaSet original, TargetTextWriter writer, SessionMemory session)
        : this(writer, original.Options, session)
    {
        Dictionary<TrampolineArena, TrampolineArena> copies = original._all.ToDictionary(arena => arena, arena => new TrampolineArena(arena, writer));
        Dictionary<List<ArenaPlot>, List<ArenaPlot>> plots = original._serving.Values.Distinct()
            .ToDictionary(some => some, some => some.ConvertAll(plot => new ArenaPlot(plot, copies[plot.Arena])));
        foreach (TrampolineArena arena in original._all) Describe(copies[arena]);
        foreach ((TrampolineArena arena, FreeRoom free) in original._spare) _spare.Add(copies[arena], new FreeRoom(free));
        foreach (((int, long) module, List<ArenaPlot> some) in original._serving) _serving.Add(module, plots[some]);
        foreach (((int, long) module, string reason) in original._unserved) _unserved.Add(module, reason);
        _gone.UnionWith(original._gone);
    }

    public TrampolineOptions Options => options;

    /// <summary>All of them.</summary>
    public IReadOnlyList<TrampolineArena> All => _all;

    /// <summary>The plots that serve a module, the same list for all that share them; null when there was no room for one.</summary>
    public IReadOnlyList<ArenaPlot>? Of(TargetModule module) => _serving.GetValueOrDefault(KeyOf(module));

    /// <summary>Why none does.</summary>
    public string WhyNone(TargetModule module) => _unserved.GetValueOrDefault(KeyOf(module), "no room for its trampolines");

    static (int Module, long LoadBias) KeyOf(TargetModule module) => (module.Id, module.LoadBias);

    /// <summary>Takes over an arena that is mapped; one that serves no module yet is for those that come.</summary>
    public void Add(ArenaPlace place)
    {
        var arena = new TrampolineArena(writer, place.Start, place.Start + place.Size, options);
        Describe(arena);
        if (place.Modules.Count == 0) _spare.Add(arena, new FreeRoom(arena.FirstPlot, arena.LastPlotEnd));
        List<ArenaPlot> plot = [new ArenaPlot(arena, arena.FirstPlot, arena.LastPlotEnd)];
        foreach (TargetModule module in place.Modules) _serving.Add(KeyOf(module), plot);
    }

    /// <summary>Sees to it that a module has a plot: the one that it had there before, one in an arena with room, or in a new one.</summary>
    /// <param name="target">The target.</param>
    /// <param name="calls">Map it.</param>
    /// <param name="module">The module.</param>
    /// <param name="stubs">Bytes that its stubs may need.</param>
    /// <param name="plan">How large a new arena is at least.</param>
    /// <exception cref="AttachException">A mapping is refused.</exception>
    public void Serve(TargetProcess target, HelperCalls calls, TargetModule module, long stubs, SessionPlan plan)
    {
        _gone.Remove(KeyOf(module));
        if (Of(module) is not null) return;
        long size = ArenaPlot.SizeFor(stubs);
        if (Find(target, calls, module, size, plan) is { } plot)
            _serving.Add(KeyOf(module), [plot]);
        else if (plan.IsScattered && Gather(target, calls, module, size, plan) is { Count: > 0 } plots)
            _serving.Add(KeyOf(module), plots);
        else
            _unserved[KeyOf(module)] = _all.Count < SessionHeader.MaxArenas
                ? $"no free {SessionPlan.InKiB(size)} within 2 GiB of it"
                : "more modules have come than this session has trampolines for: end it and begin anew";
    }

    /// <summary>Gives the modules that an arena was made for more room, where it was made smaller than they may need.</summary>
    /// <param name="target">The target.</param>
    /// <param name="calls">Map it.</param>
    /// <param name="place">Their arena.</param>
    /// <param name="plan">How much it lacks.</param>
    /// <exception cref="AttachException">A mapping is refused.</exception>
    public void AddRoom(TargetProcess target, HelperCalls calls, ArenaPlace place, SessionPlan plan)
    {
        if (place.Lacks == 0 || !_serving.TryGetValue(KeyOf(place.Modules.First()), out List<ArenaPlot>? plots)) return;
        TargetModule all = place.Modules.First() with { Start = place.Modules.Min(m => m.Start), End = place.Modules.Max(m => m.End) };
        plots.AddRange(Gather(target, calls, all, place.Lacks, plan));
    }

    ArenaPlot? Find(TargetProcess target, HelperCalls calls, TargetModule module, long size, SessionPlan plan) =>
        Take(module, size) ?? (_all.Count < SessionHeader.MaxArenas && Map(target, calls, module, size, plan) ? Take(module, size) : null);

    /// <summary>Several plots, where addresses are so scarce that none has all the room.</summary>
    List<ArenaPlot> Gather(TargetProcess target, HelperCalls calls, TargetModule module, long size, SessionPlan plan)
    {
        var plots = new List<ArenaPlot>();
        for (long part = size; size > 0 && part >= SessionPlan.LeastPlot; )
        {
            if (Find(target, calls, module, Math.Min(part, size), plan) is { } plot)
            {
                plots.Add(plot);
                size -= plot.Size;
            }
            else part /= 2;
        }
        return plots;
    }

    ArenaPlot? Take(TargetModule module, long size)
    {
        foreach ((TrampolineArena arena, FreeRoom free) in _spare)
            if (AddressSpace.IsInReach(arena.Start, arena.End, module.Start, module.End) && free.Take(size) is { } start) return new ArenaPlot(arena, start, start + size);
        return null;
    }

    bool Map(TargetProcess target, HelperCalls calls, TargetModule module, long size, SessionPlan plan)
    {
        for (int doublings = Math.Min(_spare.Count, plan.SpareDoublings); doublings >= 0; doublings--)
            if (Map(target, calls, module, Math.Max(plan.ArenaSizeFor(size), plan.SpareArena << doublings))) return true;
        long least = plan.ArenaSizeFor(size);
        for (long part = plan.SpareArena / 2; plan.IsScattered && part > 0; part = part > LeastScattered ? part / 2 : 0)
            if (part >= least && Map(target, calls, module, part)) return true;
        return plan.IsScattered && Map(target, calls, module, least);
    }

    bool Map(TargetProcess target, HelperCalls calls, TargetModule module, long size)
    {
        for (int tries = 8; tries > 0; tries--) // the program may map something there meanwhile
        {
            IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
            if (AddressSpace.FindRoom([.. mappings.OrderBy(m => m.Start)], module.Start, module.End, size) is not { } start) return false;
            if (!calls.TryMapAt(start, size, TargetMemory.ProtectionReadExecute, TargetMemory.MapPrivateAnonymous | TargetMemory.MapNoReserve)) continue;
            Add(new ArenaPlace(start, size, new HashSet<TargetModule>()));
            return true;
        }
        return false;
    }

    /// <summary>Notes that a module is gone, with everything that led into its plot. What the arenas were made for keeps its room.</summary>
    public void Retire(TargetModule module)
    {
        if (Of(module) is { } plots && plots.All(plot => _spare.ContainsKey(plot.Arena))) _gone.Add(KeyOf(module));
    }

    /// <summary>The plots of modules that are gone.</summary>
    public IReadOnlyList<ArenaPlot> Gone => [.. _gone.SelectMany(key => _serving[key])];

    /// <summary>Gives the room of a plot to whoever needs it: no thread is in it, and none will be.</summary>
    public void Reclaim(ArenaPlot plot)
    {
        (int, long) key = _gone.First(key => _serving[key].Contains(plot));
        List<ArenaPlot> rest = [.. _serving[key].Where(other => other != plot)];
        if (rest.Count > 0) _serving[key] = rest;
        else
        {
            _gone.Remove(key);
            _serving.Remove(key);
        }
        _spare[plot.Arena].Give(plot.Start, plot.End);
    }

    /// <summary>In the session header, before anything leads into it.</summary>
    void Describe(TrampolineArena arena)
    {
        int at = SessionHeader.Arenas + 16 * _all.Count;
        if (_all.Count < SessionHeader.MaxArenas)
        {
            session.Set(at, arena.Start.Value);
            session.Set(at + 8, (ulong)(arena.End - arena.Start));
        }
        _all.Add(arena);
        session.Set32(SessionHeader.ArenaCount, Math.Min(_all.Count, SessionHeader.MaxArenas));
    }
}
