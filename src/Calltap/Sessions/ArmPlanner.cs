using System.Runtime.InteropServices;
using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Code.Managed;
using Calltap.Modules;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>
/// Turns a change of ops into pokes: for every function whose ops differ from what it is armed for, a stub for each
/// site in its new form, and the poke that leads there (ftrace_make_call, ftrace_modify_call, ftrace_make_nop).
/// </summary>
sealed class ArmPlanner(
    FunctionCatalog catalog, SiteRegistry registry, OpTable ops, OpLists lists, TargetMemory memory, CallerAnswers? callers)
{
    const int FunctionsOfPart = 256; // whose stubs are placed at once, from a buffer that stays in the cache

    readonly List<Poke> _pokes = [];
    readonly List<(FunctionSites Sites, Want Want, FunctionChange Change)> _changed = [];
    readonly List<(TargetFunction Function, string Reason)> _refused = [];

    /// <summary>The pokes that bring the target in line with the ops.</summary>
    public IReadOnlyList<Poke> Pokes => _pokes;

    /// <summary>Functions that are wanted and can't be armed.</summary>
    public IReadOnlyList<(TargetFunction Function, string Reason)> Refused => _refused;

    /// <summary>Functions whose ops change, those they will have, and what that does to their events.</summary>
    public IReadOnlyList<(FunctionSites Sites, Want Want, FunctionChange Change)> Changed => _changed;

    /// <summary>Plans the change. Stubs are placed in the arenas; nothing leads to them yet.</summary>
    /// <param name="functions">Those that may change.</param>
    public void Make(IEnumerable<TargetFunction> functions)
    {
        var wanted = new Dictionary<IReadOnlyList<ArenaPlot>, List<(TargetFunction Function, Want Want)>>();
        foreach (TargetFunction function in functions)
        {
            Want want = WantOf(function);
            if (!Differs(function, want)) continue;
            if (!want.Any) Disarm(registry.Of(function), want);
            else Among(wanted, memory.Arenas.Of(function.Module)!).Add((function, want));
        }
        foreach ((IReadOnlyList<ArenaPlot> plots, List<(TargetFunction, Want)> here) in wanted)
            for (int from = 0; from < here.Count; from += FunctionsOfPart)
                Arm(plots, here.GetRange(from, Math.Min(FunctionsOfPart, here.Count - from)));
        lists.Publish();
        callers?.Publish(); // before any breakpoint: no call is missed by an op while a site changes form
    }

    static List<(TargetFunction Function, Want Want)> Among(
        Dictionary<IReadOnlyList<ArenaPlot>, List<(TargetFunction Function, Want Want)>> wanted, IReadOnlyList<ArenaPlot> plots) =>
        CollectionsMarshal.GetValueRefOrAddDefault(wanted, plots, out _) ??= [];

    void Arm(IReadOnlyList<ArenaPlot> plots, List<(TargetFunction Function, Want Want)> part)
    {
        List<(TargetFunction Function, Want Want)> left = part;
        foreach (ArenaPlot plot in plots)
        {
            if (left.Count == 0) return;
            left = Arm(plot, left);
        }
        foreach ((TargetFunction function, _) in left) _refused.Add((function, RefusalReason.ArenaFull.Text()));
    }

    /// <summary>Bytes that the stubs of a function may take.</summary>
    int Most(TargetFunction function) => (1 + function.Plan.Exits.Count) * (callers is null ? 1 : 2) * StubWriter.MaxStubSize;

    /// <summary>Instructions of a function that may fault, in all its stubs.</summary>
    int Faults(TargetFunction function) => (callers is null ? 1 : 2) * function.Plan.Exits.Append(function.Plan.Entry!).Sum(site => FaultingInstructions.Of(site).Count);

    /// <summary>Those for which there was no room.</summary>
    List<(TargetFunction Function, Want Want)> Arm(ArenaPlot plot, List<(TargetFunction Function, Want Want)> part)
    {
        var left = new List<(TargetFunction, Want)>();
        plot.Append(part.Sum(w => Most(w.Function)) / StubWriter.MaxStubSize, writer =>
        {
            foreach ((TargetFunction function, Want want) in part)
            {
                bool hasRoom = writer.Room >= Most(function) && plot.Arena.HasRoomForFaults(Faults(function));
                if (!hasRoom && !HasStubs(plot.Arena.Trampolines, function, want)) left.Add((function, want));
                else if (registry.HasRoomFor(function)) Arm(writer, plot.Arena.Trampolines, registry.Of(function), want); // those before it have taken some
                else _refused.Add((function, "more functions have come than this session has room for"));
            }
        });
        return left;
    }

    /// <summary>Nobody wants what is not there.</summary>
    Want WantOf(TargetFunction function) => catalog.IsThere(function) ? ops.WantOf(function) : default;

    bool Differs(TargetFunction function, Want want)
    {
        bool known = registry.Functions.TryGetValue(function.Id, out FunctionSites? sites);
        if (known ? sites!.Armed == want && sites.IsWhole(want) : !want.Any) return false;
        string? refusal = function.Plan.Entry is null ? function.Plan.EntryRefusal.Text()
            : !want.Any ? null
            : memory.Arenas.Of(function.Module) is null ? memory.Arenas.WhyNone(function.Module)
            : registry.IsLeftElsewhere(function) ? "the program has a copy of it that is armed"
            : null;
        if (refusal is not null) _refused.Add((function, refusal));
        return refusal is null;
    }

    void Disarm(FunctionSites sites, Want want)
    {
        foreach (Site site in sites.Exits.Prepend(sites.Entry))
        {
            registry.Want(site, 0, default);
            if (site.State != SiteState.Original) Add(null, Poke.MakeNop(site), sites, want);
        }
        Note(sites, want);
    }

    /// <summary>A breakpoint leads where the site will, or to the caller that asks the ops.</summary>
    void Add(StubWriter? writer, Poke poke, FunctionSites sites, Want want) =>
        _pokes.Add(callers is null ? poke : callers.Answer(writer, poke, sites.Function, want));

    /// <summary>Whether all stubs that it takes are there: a function that is armed again and again takes no more room, in whichever arena it has its stubs.</summary>
    bool HasStubs(Trampolines trampolines, TargetFunction function, Want want)
    {
        if (callers is not null || !registry.Functions.TryGetValue(function.Id, out FunctionSites? sites)) return false;
        return registry.StubOf(sites.Entry, EntryEvents(trampolines, sites, want)) is not null
            && (want.Graph == 0 || sites.Exits.All(exit => registry.StubOf(exit, ExitEvents(trampolines, exit)) is not null));
    }

    StubEvents EntryEvents(Trampolines trampolines, FunctionSites sites, Want want)
    {
        (TargetAddress trampoline, uint operand) = EntryForm(trampolines, sites, want);
        return new StubEvents(trampoline, operand, want.Single && want.Count != 0, want.Graph != 0 ? trampolines.GraphExit : null, sites.Entry.ExitId.Value);
    }

    static StubEvents ExitEvents(Trampolines trampolines, Site exit) => new(null, 0, false, trampolines.GraphExit, exit.Id.Value);

    void Arm(StubWriter writer, Trampolines trampolines, FunctionSites sites, Want want)
    {
        StubEvents events = EntryEvents(trampolines, sites, want);
        TargetAddress trampoline = events.EntryTrampoline!.Value;
        TargetAddress? exit = events.ExitTrampoline;
        Site entry = sites.Entry;
        if (!Point(writer, entry, events, want, trampoline, sites)) return;
        foreach (Site site in sites.Exits)
        {
            registry.Want(site, want.Graph, exit ?? default);
            if (exit is { } leave)
            {
                if (site.State == SiteState.Original)
                    Point(writer, site, ExitEvents(trampolines, site), new Want(want.Graph, 0), leave, sites);
            }
            else if (site.State != SiteState.Original)
                Add(writer, Poke.MakeNop(site), sites, want);
        }
        Note(sites, want);
    }

    void Note(FunctionSites sites, Want want) => _changed.Add((sites, want, new FunctionChange(
        sites.Function.Id, FunctionChange.KindOf(sites.Armed, want, sites.IsWhole(sites.Armed)))));

    (TargetAddress Trampoline, uint Operand) EntryForm(Trampolines trampolines, FunctionSites sites, Want want)
    {
        Site entry = sites.Entry;
        bool flagsDead = entry.Plan.FlagsDeadAtEntry;
        if (!want.Single)
            return (trampolines.ListEntry, lists.Find(entry.Id, ops.Words(want, sites.Function.Id)));
        return want.Graph != 0
            ? (flagsDead ? trampolines.GraphEntryFlagsDead : trampolines.GraphEntry, entry.Id.Value)
            : (flagsDead ? trampolines.CountEntryFlagsDead : trampolines.CountEntry, ops.Counter(OpTable.Only(want.Count), sites.Function.Id));
    }

    bool Point(
        StubWriter writer, Site site, in StubEvents events, Want want, TargetAddress trampoline, FunctionSites sites)
    {
        Stub? stub = registry.StubOf(site, events);
        if (stub is null)
        {
            if (!writer.TryWrite(site.Plan, site.Region.Span, site.Address, events, out stub, out RefusalReason reason))
            {
                if (site == sites.Entry) _refused.Add((sites.Function, reason.Text()));
                return false;
            }
            registry.Keep(site, events, stub!);
        }
        registry.Want(site, want.All, trampoline);
        if (site.State != SiteState.Armed || !ReferenceEquals(site.Stub, stub)) Add(writer, Poke.MakeCall(site, stub!), sites, want);
        return true;
    }
}
