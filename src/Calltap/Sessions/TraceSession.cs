using System.Diagnostics;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap;

/// <summary>
/// A tracing session on one target: attaches, arms and disarms functions as ops come and go, and leaves every byte as
/// it was. Not thread-safe: one thread adds, removes and detaches; another may drain.
/// </summary>
public sealed partial class TraceSession : IDisposable
{
    /// <summary>Functions of modules whose arming is planned before all ordinary threads of the machine, on one of its CPUs: some tens of milliseconds.</summary>
    const int MostPlannedUrgently = 8192;
    const int MostLooksAtEnd = 10;
    const int ReadyInHeld = 256 << 10; // bytes of a ring that are there before they are written

    static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(2);

    readonly TargetTextWriter _writer;
    readonly SessionPlan _plan;
    readonly TargetMemory _memory;
    readonly SiteRegistry _registry;
    readonly OpTable _ops;
    readonly OpLists _lists;
    readonly WindowTable _table;
    readonly TextPoker _poker;
    readonly ModuleFollower? _follower;
    bool _detached;
    bool _keepsMemory;
    bool _waitsAreOld = true;
    HelperThread? _kept; // while KeepsHelper

    TraceSession(TargetProcess target, TargetTextWriter writer, FunctionCatalog catalog, SessionPlan plan, TargetMemory memory)
    {
        (Target, _writer, Catalog, _plan, _memory) = (target, writer, catalog, plan, memory);
        _registry = new SiteRegistry(target, writer, memory, plan);
        _ops = new OpTable(memory.Session, plan.MaxFunctions);
        _lists = new OpLists(writer, memory.OpLists, plan.OpListsSize);
        _table = new WindowTable(target, writer, memory.WindowTable);
        _poker = new TextPoker(target, writer, _table) { Policy = IInt3Policy.Of(plan.Int3) };
        ThreadSlots = new ThreadSlots(target, writer, memory.ThreadTable);
        _follower = FollowerOf(catalog, []);
    }

    ModuleFollower? FollowerOf(FunctionCatalog catalog, IReadOnlyCollection<int> pending) => catalog.Scope is not { IsOpen: true } ? null : new ModuleFollower(
        catalog, new ModuleWatch(Target, catalog, _plan.MaxFunctions, _registry.IsRenewed), _registry, _ops, _memory.Arenas, _poker.Forget, Arm, pending);

    /// <summary>The target.</summary>
    public TargetProcess Target { get; }

    /// <summary>The functions in scope.</summary>
    public FunctionCatalog Catalog { get; }

    /// <summary>Traps answered so far.</summary>
    public TrapCounts Traps => _poker.Totals with { Refused = (long)_memory.Session.Refused };

    /// <summary>Whether breakpoints are answered by the trap handler in the target, as when the tracer has died: for tests.</summary>
    internal bool AnswersInTarget
    {
        set => _poker.AnswersInTarget = value;
    }

    /// <summary>
    /// Whether nobody is traced while functions are armed and disarmed: the target answers its breakpoints itself. A change is refused where a
    /// thread, or a handler of the program's, blocks SIGTRAP.
    /// </summary>
    public bool WithoutPtrace
    {
        get => _poker.WithoutPtrace;
        set => _poker.WithoutPtrace = value;
    }

    /// <summary>Whether the helper writes the passes: for tests and benchmarks.</summary>
    internal bool WritesInTarget
    {
        set => _poker.WritesInTarget = value;
    }

    /// <summary>Sites that change together: for benchmarks.</summary>
    internal int GroupSize
    {
        set => _poker.GroupSize = value;
    }

    /// <summary>Rules of the protocol left out on purpose: for tests.</summary>
    internal BrokenRules Broken
    {
        set => _poker.Broken = value;
    }

    /// <summary>Told of each step of a window that is done: for tests.</summary>
    internal Action<string>? StepDone
    {
        set => _poker.StepDone = value;
    }

    /// <summary>Told when a window is about to open (true) and when it has closed (false): for benchmarks.</summary>
    internal Action<bool>? WindowOpens
    {
        set => _poker.WindowOpens = value;
    }

    internal SessionMemory Memory => _memory.Session;

    internal ThreadSlots ThreadSlots { get; }

    internal IReadOnlyDictionary<FunctionId, FunctionSites> Sites => _registry.Functions;

    /// <summary>Above every id of a function that there can be in this session.</summary>
    internal int MaxFunctions => _plan.MaxFunctions;

    /// <summary>Above every id of a site.</summary>
    internal int MaxSites => _plan.MaxSites;

    /// <summary>Attaches to a running process; no function is armed yet.</summary>
    /// <exception cref="AttachException">It can't be traced; the message says why and what to do.</exception>
    public static TraceSession Attach(Pid pid, SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        TargetProcess target = TargetProcess.Open(pid);
        try
        {
            options.Launcher?.HandPerfMapTo(target);
            LeftSession.RefuseIfPresent(target); // before the work of analysing
            return Attach(target, FunctionCatalog.Load(target, options.Scope, options.Filters), options.Launcher, options.Int3);
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    /// <summary>Attaches to a target whose functions are known already; no function is armed yet.</summary>
    /// <param name="target">The target; the session's to dispose from now on, the caller's when this throws.</param>
    /// <param name="catalog">Its functions in scope.</param>
    /// <param name="hold">Who holds the target before its <c>main</c>; null for a running target.</param>
    /// <param name="int3">What a thread does that meets a breakpoint of ours.</param>
    /// <exception cref="AttachException">It can't be traced; the message says why and what to do.</exception>
    public static TraceSession Attach(TargetProcess target, FunctionCatalog catalog, TargetHold? hold, Int3Policy int3 = Int3Policy.Site) =>
        Attach(target, catalog, hold, int3, null);

    /// <summary>The same for what a traced process has forked, but is no copy of it as it is now: at its beginning nothing shows yet where its thread's descriptor is.</summary>
    internal static TraceSession Attach(TargetProcess target, FunctionCatalog catalog, TargetHold? hold, Int3Policy int3, TraceSession? parent)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(catalog);
        if (catalog.HasDotNetMethods) AttachChecks.CheckNoDebugger(target);
        if (hold is null) RefuseIfTraced(target); // what is held at its beginning has nothing of anybody's
        WarmCode.Prepare(); // before a thread is borrowed for the helper's start
        var writer = new TargetTextWriter(target);
        ThreadDescriptorLayout descriptors = parent?._memory.Arenas.Options.Thread
            ?? (target.IsGoAlone ? GoThreads.Verify(target, writer, hold) : ThreadPointers.Verify(target));
        HelperThread helper = HelperPlace.Start(target, writer, hold);
        TraceSession? session = null;
        try
        {
            (SessionPlan plan, TargetMemory memory) = Map(target, catalog, int3, writer, helper, descriptors);
            foreach (ArenaPlace place in plan.Arenas) memory.Arenas.AddRoom(target, new HelperCalls(target, helper), place, plan);
            session = new TraceSession(target, writer, catalog, plan, memory) { Hold = hold };
            session._table.Format(plan.MaxSites);
            session.Open();
            session.Keep(helper);
            if (!session.KeepsHelper) session.DismissHelper();
            return session;
        }
        finally
        {
            if (session?._kept is null) helper.Dispose();
        }
    }

    static void RefuseIfTraced(TargetProcess target)
    {
        LeftSession.RefuseIfPresent(target);
        HelperPlace.AwaitOrphan(target);
        HelperPlace.RefuseIfBreakpointsStand(target);
    }

    /// <summary>Everything is mapped: threads find rings from now on.</summary>
    void Open()
    {
        Memory.OfferAll();
        NotePerfMap();
        if (Hold is null)
            for (int i = Math.Min(_plan.Layout.Capacity, Target.ReadThreads().Count + 4) - 1; i >= 0; i--) Memory.Allocate(i, _plan.Layout.RingSize);
        else Memory.Allocate(0, Math.Min(_plan.Layout.RingSize, ReadyInHeld)); // it has one thread, and may end before it has made many calls
        Switch(on: true);
    }

    static (SessionPlan Plan, TargetMemory Memory) Map(
        TargetProcess target, FunctionCatalog catalog, Int3Policy int3, TargetTextWriter writer, HelperThread helper, ThreadDescriptorLayout descriptors)
    {
        for (int tries = 8; tries > 0; tries--)
        {
            SessionPlan plan = SessionPlan.For(target, catalog, int3); // after the helper: its page is not room for an arena
            if (TargetMemory.TryMap(target, writer, helper, plan, descriptors) is { } memory) return (plan, memory);
        }
        throw new AttachException(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) maps memory faster than room for trampolines can be found: try again");
    }

    /// <summary>Adds an op while the target runs: functions it wants and can have are armed for it when this returns.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ArmReport Add(Op op) => Add([op]);

    /// <summary>Adds several ops in one window.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ArmReport Add(IReadOnlyCollection<Op> ops)
    {
        ArgumentNullException.ThrowIfNull(ops);
        var added = new List<Op>();
        try
        {
            foreach (Op op in ops)
            {
                _ops.Add(op);
                added.Add(op);
                _waitsAreOld = true;
            }
            return Change(null, added: true);
        }
        catch
        {
            added.ForEach(_ops.Remove);
            throw;
        }
    }

    /// <summary>Removes an op while the target runs.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ArmReport Remove(Op op)
    {
        _ops.Remove(op);
        _waitsAreOld = true;
        return Change(null);
    }

    /// <summary>Whether modules in scope may come while the session lives: then <see cref="FollowModules"/> is to be called every millisecond or so.</summary>
    public bool FollowsModules => _follower is not null;

    /// <summary>
    /// Looks whether the target has loaded or unloaded modules in scope: functions that the ops want are armed in what has come, and the sites of what
    /// is gone are retired. Where nothing has changed it takes some microseconds.
    /// </summary>
    /// <returns>What has happened; null when nothing has.</returns>
    /// <exception cref="AttachException">The target ended.</exception>
    public ModuleReport? FollowModules()
    {
        if (_waitsAreOld) WaitForWanted();
        ModuleReport? report = _detached ? null : _follower?.Look();
        if (report is not null && !_detached) NotePerfMap(); // a followed process may have ended meanwhile
        return report;
    }

    /// <summary>Nobody shall wait for a session that does not follow.</summary>
    void WaitForWanted()
    {
        if (!Catalog.FollowsCompiled) return;
        Catalog.WaitFor([.. _ops.Ops]);
        _waitsAreOld = false;
    }

    /// <summary>For whoever restores the session of a tracer that has died.</summary>
    void NotePerfMap() => Memory.Set32(SessionHeader.PerfMap, Catalog.HasAskedForCompiled ? 1 : 0);

    /// <summary>Asked before a thread is borrowed: whoever traces the target's threads steps aside until what is given is disposed.</summary>
    internal Func<IDisposable>? MakeWay { get; set; }

    ArmReport Arm(IReadOnlyList<TargetModule> modules, StepClock steps)
    {
        List<TargetFunction> functions = [.. modules.SelectMany(Catalog.FunctionsOf)];
        using UrgentThread urgent = functions.Count <= MostPlannedUrgently ? UrgentThread.BeginBesideOthers() : default;
        using IDisposable? way = MakeWay?.Invoke();
        return With(helper =>
        {
            steps.Mark("helper");
            var calls = new HelperCalls(Target, helper);
            foreach (TargetModule module in modules)
                _memory.Arenas.Serve(Target, calls, module, _plan.StubsSizeOf(Catalog.FunctionsOf(module)), _plan);
            steps.Mark("arena");
            Reclaiming? reclaiming = Hold is not null ? null : Reclaiming.Begin(_memory.Arenas, _plan.WorthReclaiming); // the guard does not look at a thread that is held
            ArmReport report = Change(helper, reclaiming?.Watch, functions, steps);
            if (reclaiming is not null) _registry.Forget(reclaiming.End(report.Batch));
            return report;
        });
    }

    /// <summary>Calls that were neither recorded nor counted, because more threads ran than have room in the session's memory.</summary>
    public ulong Unattributed => _memory.Session.UnattributedEntries + _memory.Session.UnattributedCounts;

    /// <summary>
    /// The calls that a count op has counted, by function; also after it was removed, or everything detached: then no
    /// call is missing.
    /// </summary>
    /// <exception cref="InvalidOperationException">The op was never added, or does not count.</exception>
    public IReadOnlyDictionary<FunctionId, ulong> Counts(Op op)
    {
        ArgumentNullException.ThrowIfNull(op);
        var counts = new Dictionary<FunctionId, ulong>();
        int first = _ops.CountersOf(op);
        ulong taken = Math.Min(_memory.Session.Taken, (ulong)_plan.Layout.Capacity);
        foreach ((FunctionId id, FunctionSites sites) in _registry.Functions)
        {
            if (!op.Filter.Wants(sites.Function.Names, sites.Function.Module.Name)) continue;
            ulong sum = 0;
            for (ulong i = 0; i < taken; i++) sum += _memory.Session.Counter((int)i, first + id.Value);
            counts[id] = sum;
        }
        return counts;
    }

    /// <summary>Disarms everything, verifies every byte, and unmaps what is provably unused.</summary>
    /// <exception cref="PatchMismatchException">Bytes could not be restored.</exception>
    public ArmReport? Detach()
    {
        if (_detached) return null;
        _detached = Target.IsGone;
        if (_detached) return null;
        try
        {
            foreach (Op op in _ops.Ops.ToList()) _ops.Remove(op);
            WaitForWanted();
            Catalog.ReleaseCompiled();
            return With(Leave);
        }
        catch (AttachException e) when (e.Reason == AttachRefusal.TargetEnded)
        {
            _detached = true;
            return null;
        }
        catch (AttachException e)
        {
            throw StaysArmed(e);
        }
    }

    ArmReport Leave(HelperThread helper)
    {
        var vacating = new Vacating(Target, SessionRemains.Of(_memory, _plan));
        ArmReport report = ChangeAtEnd(helper, vacating.Watch);
        Switch(on: false);
        bool restored = _registry.Functions.Values.All(f => f.IsWhole(default));
        BatchResult last = report.Batch;
        for (int looks = 1; looks < MostLooksAtEnd && restored && vacating.Keeps(last, restored); looks++)
            if (!TryLookAgain(helper, ref vacating, ref last)) break;
        _memory.Session.Set32(SessionHeader.Detached, restored ? 1 : 0);
        ThreadSlots.Close();
        if (!_poker.HasStanding) _table.Leave(helper.CodeArea);
        _keepsMemory = vacating.Keeps(last, restored);
        _detached = true;
        vacating.Unmap(Target, helper, last, restored);
        return report;
    }

    /// <summary>Who is in an arena is on the way out, and the room is needed where there is little for another. What a window that fails has not seen stays mapped.</summary>
    bool TryLookAgain(HelperThread helper, ref Vacating vacating, ref BatchResult last)
    {
        Clock.Sleep(s_lookAgain);
        var again = new Vacating(Target, SessionRemains.Of(_memory, _plan));
        try
        {
            last = ChangeAtEnd(helper, again.Watch).Batch;
        }
        catch (Exception e) when (e is TimeoutException or AttachException or SystemCallException)
        {
            return false;
        }
        vacating = again;
        return true;
    }

    /// <summary>Something has come since functions were armed: another tracer, a sandbox, a stop.</summary>
    AttachException StaysArmed(AttachException e)
    {
        if (!_registry.Functions.Values.Any(sites => !sites.IsWhole(default))) return e;
        string until = e.Reason == AttachRefusal.SeccompFilter ? "until it ends" : $"until `calltap detach -p {Target.Pid}`";
        return new AttachException(e.Reason, $"{e.Message}; its functions stay armed {until}, which does it no harm");
    }

    /// <summary>What a window without a ptracer is refused for may have come up since: at the end there is a guard then.</summary>
    ArmReport ChangeAtEnd(HelperThread helper, ArenaWatch watch)
    {
        try
        {
            return Change(helper, watch);
        }
        catch (Exception e) when (WithoutPtrace && e is TimeoutException or AttachException { Reason: AttachRefusal.Unsupported })
        {
            WithoutPtrace = false;
            return Change(helper, watch);
        }
    }

    ArmReport Change(HelperThread? running, ArenaWatch? vacating = null, IReadOnlyList<TargetFunction>? among = null, StepClock? steps = null, bool added = false)
    {
        if (running is null) return With(helper => Change(helper, vacating, added: added));
        _poker.HeldThread = Hold?.HeldThread ?? default;
        running.RegisterSyncCores().OrThrow("membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)");
        steps?.Mark("register");
        CallerAnswers? callers = _plan.Int3 == Int3Policy.Caller ? new CallerAnswers(_registry, _ops, _lists, _memory) : null;
        _poker.Know(_registry.LookAgain());
        var planner = new ArmPlanner(Catalog, _registry, _ops, _lists, _memory, callers);
        planner.Make(among ?? Catalog.Functions);
        steps?.Mark("stubs");
        bool atEnd = vacating is not null && among is null;
        if (WithoutPtrace && !atEnd) RefuseCRuntime(planner.Changed.Select(c => c.Sites));
        if (planner.Pokes.Any(poke => poke.Site.Plan.MayFault && poke.Stub is not null))
            new FaultForwarding(Target, _writer).Install(new HelperCalls(Target, running), running.CodeArea, _memory.Arenas.All);
        AboutToArm?.Invoke([.. planner.Changed.Select(c => c.Sites)]);
        var sync = new HelperSync(Target, running);
        IReadOnlyList<Poke> pokes = StayingBreakpoints.Allowed(planner.Pokes, Target, sync, out IReadOnlyList<Site> noBreakpoints);
        if (added && noBreakpoints.Any(site => !_registry.Functions[site.Function].Armed.Any)) // what comes later has calls, and no times
            throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {Target.Pid} ({Target.Name}) can't have breakpoints that stay (--allow-int3): {noBreakpoints[0].Refusal}");
        BatchResult batch = _poker.Poke(pokes, sync, _registry, atEnd || pokes.Count > 0 ? vacating : null);
        if (noBreakpoints.Count > 0) batch = batch with { Refused = [.. batch.Refused, .. noBreakpoints] };
        steps?.Mark("batch");
        var left = batch.Refused.ToHashSet();
        foreach ((FunctionSites sites, Want want, _) in planner.Changed)
            if (!left.Contains(sites.Entry)) sites.Armed = want;
        _memory.Session.SetTraps(Traps);
        int armed = _registry.Functions.Values.Count(f => f.Armed.Any);
        var refused = planner.Refused
            .Concat(batch.Refused.Where(s => s.Plan.Kind == Code.SiteKind.Entry)
                .Select(s => (Catalog.Functions[s.Function.Value], s.Refusal ?? ""))).ToList();
        return new ArmReport(armed, armed + refused.Count, refused, [.. planner.Changed.Select(c => c.Change)], batch);
    }

    /// <summary>Does something with a helper; it is kept where there will soon be more to do.</summary>
    T With<T>(Func<HelperThread, T> work)
    {
        if (_kept is null) Keep(HelperPlace.Start(Target, _writer, Hold));
        try
        {
            return work(_kept!);
        }
        catch (TimeoutException)
        {
            LeaveHelper(); // it may answer late
            throw;
        }
        finally
        {
            if (!KeepsHelper) DismissHelper();
        }
    }

    /// <summary>Methods that a runtime compiles come one after another, and each is called at once: a helper for each would take longer than all else.</summary>
    bool KeepsHelperRunning => !_detached && Catalog.FollowsCompiled;

    bool KeepsHelper => Hold is not null || KeepsHelperRunning;

    void Keep(HelperThread helper)
    {
        _kept = helper;
        if (KeepsHelperRunning) new HelperCalls(Target, helper).NameThread("calltap"); // it will be seen
    }

    void DismissHelper()
    {
        _kept?.Exit();
        LeaveHelper();
    }

    void LeaveHelper()
    {
        _kept?.Dispose();
        _kept = null;
    }

    /// <summary>The C library runs some of its functions with every signal blocked, where a breakpoint needs a ptracer.</summary>
    void RefuseCRuntime(IEnumerable<FunctionSites> changed)
    {
        if (changed.FirstOrDefault(sites => HoldsCRuntime(sites.Function.Module)) is not { } sites) return;
        throw new AttachException(AttachRefusal.Unsupported, $"{sites.Function.Module.Name} can't be changed without a ptracer: it runs with SIGTRAP blocked at times");
    }

    bool HoldsCRuntime(TargetModule module) =>
        ModuleLoader.IsCRuntime(module.Name) || (!module.Contents.HasInterpreter && Target.ExecutablePath.StartsWith(module.Path, StringComparison.Ordinal)); // " (deleted)" may follow

    /// <summary>Told of functions whose sites are about to change, before the first byte does.</summary>
    internal Action<IReadOnlyList<FunctionSites>>? AboutToArm { get; set; }

    /// <summary>Lets a target that is held run, armed as it is.</summary>
    public void Release()
    {
        if (!KeepsHelperRunning) DismissHelper();
        Hold?.Release();
        Hold = null;
    }

    /// <summary>Who holds the target, while it is held.</summary>
    TargetHold? Hold { get; set; }

    /// <summary>The master switch: off, trampolines write nothing.</summary>
    void Switch(bool on) => _writer.Place(_memory.ThreadTable + ThreadSlotLayout.SwitchOffset, [(byte)(on ? 1 : 0), 0, 0, 0]);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Detach();
        }
        finally
        {
            _kept?.Dispose();
            // What stays mapped in the target, because a thread may be in the code that uses it, shall not stay filled. Not before: rings are read after the end.
            if (_keepsMemory) _memory.Session.DropRings();
            _memory.Session.Dispose();
            _writer.Dispose();
            Target.Dispose();
        }
    }
}
