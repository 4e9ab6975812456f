using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The arenas of a session, and which of them serves a module where it is loaded. One is added where a module comes that none has room for.</summary>
sealed class ArenaSet(TargetTextWriter writer, TrampolineOptions options, SessionMemory session)
{
    readonly List<TrampolineArena> _all = [];
    readonly Dictionary<TrampolineArena, long> _spare = []; // those for modules that come, with the bytes not promised to any; the others are as large as theirs need
    readonly Dictionary<(int Module, long LoadBias), TrampolineArena> _serving = [];

    readonly Dictionary<(int Module, long LoadBias), string> _unserved = [];

    /// <summary>The copies of arenas in what was just forked, whose session memory is at the same address: what is in them holds there as well.</summary>
    public ArenaSet(ArenaSet original, TargetTextWriter writer, SessionMemory session)
        : this(writer, original.Options, session)
    {
        Dictionary<TrampolineArena, TrampolineArena> copies = original._all.ToDictionary(arena => arena, arena => new TrampolineArena(arena, writer));
        foreach (TrampolineArena arena in original._all) Describe(copies[arena]);
        foreach ((TrampolineArena arena, long bytes) in original._spare) _spare.Add(copies[arena], bytes);
        foreach (((int, long) module, TrampolineArena arena) in original._serving) _serving.Add(module, copies[arena]);
        foreach (((int, long) module, string reason) in original._unserved) _unserved.Add(module, reason);
    }

    public TrampolineOptions Options => options;

    /// <summary>All of them.</summary>
    public IReadOnlyList<TrampolineArena> All => _all;

    /// <summary>The arena that serves a module; null when there was no room for one.</summary>
    public TrampolineArena? Of(TargetModule module) => _serving.GetValueOrDefault((module.Id, module.LoadBias));

    /// <summary>Why none does.</summary>
    public string WhyNone(TargetModule module) => _unserved.GetValueOrDefault((module.Id, module.LoadBias), "no room for its trampolines");

    /// <summary>Takes over an arena that is mapped.</summary>
    public TrampolineArena Add(ArenaPlace place)
    {
        var arena = new TrampolineArena(writer, place.Start, place.Start + place.Size, options);
        Describe(arena);
        foreach (TargetModule module in place.Modules) _serving.Add((module.Id, module.LoadBias), arena);
        return arena;
    }

    /// <summary>Sees to it that a module has an arena: the one that it had there before, one with room, or a new one.</summary>
    /// <param name="target">The target.</param>
    /// <param name="calls">Map it.</param>
    /// <param name="module">The module.</param>
    /// <param name="size">Bytes that its stubs may need.</param>
    /// <param name="plan">How large a new arena is at least.</param>
    /// <exception cref="AttachException">A mapping is refused.</exception>
    public void Serve(TargetProcess target, HelperCalls calls, TargetModule module, long size, SessionPlan plan)
    {
        if (Of(module) is not null) return;
        TrampolineArena? arena = _spare.FirstOrDefault(
            s => s.Value >= size && AddressSpace.IsInReach(s.Key.Start, s.Key.End, module.Start, module.End)).Key;
        if (arena is null && _all.Count < SessionHeader.MaxArenas) arena = Map(target, calls, module, size, plan);
        if (arena is null)
        {
            _unserved[(module.Id, module.LoadBias)] = _all.Count < SessionHeader.MaxArenas
                ? $"no free {size >> 10} KiB within 2 GiB of it"
                : "more modules have come than this session has trampolines for: end it and begin anew";
            return;
        }
        _spare[arena] -= size;
        _serving.Add((module.Id, module.LoadBias), arena);
    }

    TrampolineArena? Map(TargetProcess target, HelperCalls calls, TargetModule module, long size, SessionPlan plan)
    {
        for (int doublings = Math.Min(_spare.Count, plan.SpareDoublings); doublings >= 0; doublings--)
            if (Map(target, calls, module, Math.Max(size, plan.SpareArena << doublings)) is { } arena) return arena;
        return null;
    }

    TrampolineArena? Map(TargetProcess target, HelperCalls calls, TargetModule module, long size)
    {
        for (int tries = 8; tries > 0; tries--) // the program may map something there meanwhile
        {
            IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
            if (AddressSpace.FindRoom([.. mappings.OrderBy(m => m.Start)], module.Start, module.End, size) is not { } start) return null;
            if (!calls.TryMapAt(start, size, TargetMemory.ProtectionReadExecute, TargetMemory.MapPrivateAnonymous | TargetMemory.MapNoReserve)) continue;
            TrampolineArena arena = Add(new ArenaPlace(start, size, new HashSet<TargetModule>()));
            _spare.Add(arena, arena.Room);
            return arena;
        }
        return null;
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
