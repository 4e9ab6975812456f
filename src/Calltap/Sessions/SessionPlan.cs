using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>How much memory a session takes in the target, and where. Computed from the catalog; the target is only read.</summary>
/// <param name="Arenas">Where arenas go.</param>
/// <param name="Layout">The shared session memory.</param>
/// <param name="MaxSites">Entries of the site table, the unused one with index 0 included.</param>
/// <param name="MaxFunctions">Functions that there can be, those of modules that come later among them: counters of one op.</param>
/// <param name="SpareArena">Bytes of the first arena for modules that come later, at least.</param>
/// <param name="SpareDoublings">How often the next is twice as large, where there is room.</param>
/// <param name="Int3">What a thread at a breakpoint does.</param>
sealed record SessionPlan(IReadOnlyList<ArenaPlace> Arenas, SessionMemoryLayout Layout, int MaxSites, int MaxFunctions, long SpareArena, int SpareDoublings, Int3Policy Int3)
{
    /// <summary>Count ops that can be added in a session's life.</summary>
    public const int MaxCountOps = 8;

    const int ListsPerFunction = 4;
    const int BytesPerStub = StubWriter.MaxStubSize / 2;

    /// <summary>Bytes of an arena for what is not stubs.</summary>
    public const int ArenaBase = 64 * 1024;

    /// <summary>Bytes of a plot from which on it is worth an arena, where addresses are scarce.</summary>
    public const int LeastPlot = 32 * 1024;

    /// <summary>Bytes of an arena in which a plot of so many bytes has room.</summary>
    public long ArenaSizeFor(long plot) => SizeFor(plot, IsScattered);

    static long SizeFor(long plot, bool forwardsFaults) => PageUp(ArenaBase + (forwardsFaults ? plot + plot / 7 + ArenaBase / 8 : plot)); // see TrampolineArena.FaultShare

    /// <summary>Whether the stubs of a module may lie in several arenas: .NET reserves nearly all addresses that its code reaches.</summary>
    public bool IsScattered { get; init; }

    const int SitesPerFunction = 4; // of modules that come; what has more takes room from what has fewer
    const long ClusterSpan = 1L << 30; // modules closer together than this share an arena
    const long ScatteredSpan = 16L << 20; // what lies higher reaches farther
    const long LittleRoom = 1L << 20; // for all stubs: no module misses what another takes
    const long ReservedForCode = 2L << 30; // by a .NET runtime (ExecutableMemoryAllocator)
    const long OtherMappings = 512L << 20; // libraries, and the stacks and heaps of a few threads

    /// <summary>Bytes of the op lists: for each function some lists of every op that there can be.</summary>
    public long OpListsSize => PageUp(8L * (MaxCountOps + 3) * ((Int3 == Int3Policy.Caller ? MaxSites : MaxFunctions) + 1) * ListsPerFunction);

    /// <summary>Bytes of the site table.</summary>
    public long SiteTableSize => PageUp((long)SiteTableEntry.Size * MaxSites) + MappingTable.Size;

    /// <summary>Bytes that modules which are gone have left behind, from which on they are asked back.</summary>
    public long WorthReclaiming => SpareArena / 8;

    /// <summary>Where in it the table of mappings begins.</summary>
    public long MappingTableOffset => SiteTableSize - MappingTable.Size;

    /// <summary>Bytes of the window table.</summary>
    public long WindowTableSize => PageUp(WindowTableLayout.SizeFor(MaxSites));

    /// <summary>Plans a session for the catalog.</summary>
    /// <exception cref="AttachException">No room within reach of the code.</exception>
    public static SessionPlan For(TargetProcess target, FunctionCatalog catalog, Int3Policy int3)
    {
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        int spare = SpareFunctions(target, catalog), functions = catalog.Functions.Count + spare;
        int sites = 1 + catalog.Functions.Sum(SitesOf) + SitesPerFunction * spare;
        bool isLittle = StubsSize(catalog.Functions, int3, catalog.IsDotNet) <= LittleRoom;
        var places = new List<ArenaPlace>();
        foreach (List<TargetModule> cluster in Clusters(catalog.Modules, catalog.IsDotNet ? ScatteredSpan : ClusterSpan))
            places.Add(Place(mappings, places, cluster, catalog, int3, isLittle));
        int asked = int3 == Int3Policy.Caller ? sites : 0;
        (long arena, int doublings) = HelperPlace.IsMemoryScarce(target) ? (1 << 20, 0) : (32 << 20, 3);
        SessionMemoryLayout layout = LayoutFor(target, functions) with { Sites = asked };
        if (catalog.AwaitsDotNet && BelowCompiled(mappings, layout.TotalSize, arena) is { } reserved) places.Add(reserved);
        return new SessionPlan(places, layout, sites, functions, arena, doublings, int3) { IsScattered = catalog.IsDotNet };
    }

    /// <summary>Room for functions of modules that come later. It costs addresses; memory only where it is locked.</summary>
    static int SpareFunctions(TargetProcess target, FunctionCatalog catalog) =>
        catalog.Scope is not { IsOpen: true } ? 0 : HelperPlace.IsMemoryScarce(target) ? 256 : 32 * 1024;

    /// <summary>Bytes that the stubs of these functions may need: room to arm everything in a second form as well, since a stub stays as long as its module. Where addresses are scarce, what they will hardly exceed.</summary>
    public long StubsSizeOf(IEnumerable<TargetFunction> functions) => StubsSize(functions, Int3, IsScattered);

    static long StubsSize(IEnumerable<TargetFunction> functions, Int3Policy int3, bool scattered)
    {
        int most = functions.Select(SitesOf).DefaultIfEmpty().Max();
        long last = most * (int3 == Int3Policy.Caller ? 2 : 1) * StubWriter.MaxStubSize; // asked for before the last function gets its stubs
        return last + ((int3 == Int3Policy.Caller ? 4 : scattered ? 1 : 2) * (scattered ? BytesPerStub / 2 : BytesPerStub) * functions.Sum(f => (long)SitesOf(f)));
    }

    /// <summary>Ids that the sites of a function take.</summary>
    public static int SitesOf(TargetFunction function) =>
        function.Plan.Entry is { } entry ? 1 + (entry.CombinedExit ? 1 : 0) + function.Plan.Exits.Count : 0;

    static IEnumerable<List<TargetModule>> Clusters(IReadOnlyList<TargetModule> modules, long span)
    {
        List<TargetModule> cluster = [];
        foreach (TargetModule module in modules.OrderBy(m => m.Start))
        {
            if (cluster.Count > 0 && module.End - cluster[0].Start > span)
            {
                yield return cluster;
                cluster = [];
            }
            cluster.Add(module);
        }
        if (cluster.Count > 0) yield return cluster;
    }

    static ArenaPlace Place(
        IReadOnlyList<MemoryMapping> mappings, List<ArenaPlace> taken, List<TargetModule> cluster, FunctionCatalog catalog, Int3Policy int3, bool isLittle)
    {
        var members = cluster.ToHashSet();
        long size = SizeFor(StubsSize(catalog.Functions.Where(f => members.Contains(f.Module)), int3, catalog.IsDotNet), catalog.IsDotNet);
        TargetAddress low = cluster.Min(m => m.Start), high = cluster.Max(m => m.End);
        IEnumerable<MemoryMapping> occupied = taken.Select(
            place => new MemoryMapping(place.Start, place.Start + place.Size, 0, default, default, 0, "", false));
        MemoryMapping[] sorted = [.. mappings.Concat(occupied).OrderBy(m => m.Start)];
        for (long part = size; part == size || (catalog.IsDotNet && part >= ArenaBase + LeastPlot); part = PageUp(part / 2))
            if (AddressSpace.FindRoom(sorted, low, high, part, isLittle) is { } start) return new ArenaPlace(start, part, members) { Lacks = size - part };
        throw new AttachException(
            AttachRefusal.Unsupported,
            $"no free {InKiB(size)} within 2 GiB of {cluster[0].Name}: trace fewer modules (-F, @module)");
    }

    /// <summary>
    /// Room for what a .NET runtime will compile, taken before it comes: it reserves 2 GiB for code below its library, which lies below the session's memory, and uses them from their
    /// beginning; what is left within reach is filled by its heap and by the C library's (in one of a hundred programs started there was nothing). Null where there is no such hole.
    /// </summary>
    static ArenaPlace? BelowCompiled(IReadOnlyList<MemoryMapping> mappings, long session, long size)
    {
        MemoryMapping[] sorted = [.. mappings.OrderBy(m => m.Start)];
        (TargetAddress low, TargetAddress high) = sorted.Zip(sorted.Skip(1), (below, above) => (below.End, above.Start)).MaxBy(hole => hole.Item2 - hole.Item1);
        TargetAddress start = high + -(session + ReservedForCode + OtherMappings + size);
        return start > low ? new ArenaPlace(start, size, new HashSet<TargetModule>()) : null;
    }

    static SessionMemoryLayout LayoutFor(TargetProcess target, int functions)
    {
        ProcStatus? status = target.ReadThreads().Select(target.ReadStatus).FirstOrDefault(s => s is not null);
        int threads = Math.Max(1, target.ReadThreads().Count);
        // Locked memory is allocated when it is mapped: then there must be little of it.
        bool locked = status is { LockedBytes.Value: > 0 };
        int capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(4 * threads, locked ? 16 : 256, 4096));
        return new SessionMemoryLayout(capacity, locked ? 256 << 10 : 4 << 20, locked ? functions + 1 : (functions + 1) * MaxCountOps);
    }

    /// <summary>A size in words.</summary>
    public static string InKiB(long size) => $"{(size + 1023) >> 10} KiB";

    static long PageUp(long value) => (value + 4095) & ~4095L;
}
