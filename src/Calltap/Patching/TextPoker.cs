using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Changes live text: the only way bytes that a thread of the target may be executing are ever changed. One
/// <see cref="Poke"/> call is one batch, one window. (The kernel's smp_text_poke_batch_finish.)
/// </summary>
/// <remarks>
/// The steps, in the words of docs/patching-protocol.md:
/// <code>
/// 0 plan     every site verified against the bytes expected; copies of its pages taken
/// 1 open     the guard seizes every thread
/// 2 pass 1   0xCC into the first byte of every region; sync
/// 3 clear    no thread is inside a region of several instructions, none will come back into one
/// 4 pass 2   the tails; sync.   pass 3  the heads; sync
/// 5 drain    every trap that was taken has been answered
/// 6 close    every thread is let go; all bytes are read back
/// </code>
/// Until pass 2 the way out is to put the heads back; from pass 2 on it is to go on.
/// </remarks>
sealed class TextPoker
{
    static readonly TimeSpan s_openDeadline = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_clearDeadline = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_drainDeadline = TimeSpan.FromSeconds(2);
    static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(1);

    readonly TargetProcess _target;
    readonly TargetTextWriter _writer;
    readonly WindowTable _table;
    readonly HashSet<ulong> _knownSites;

    public TextPoker(TargetProcess target, TargetTextWriter writer, WindowTable table)
    {
        (_target, _writer, _table) = (target, writer, table);
        _knownSites = [.. table.Former.Select(poke => poke.Site.Address.Value)];
    }

    /// <summary>What a thread at a breakpoint does.</summary>
    public IInt3Policy Policy { get; init; } = new SitePolicy();

    /// <summary>Whether the guard leaves the traps of our sites to the trap handler in the target.</summary>
    public bool AnswersInTarget { get; set; }

    /// <summary>Rules left out on purpose, for tests.</summary>
    public BrokenRules Broken { get; set; }

    /// <summary>The thread that a launcher holds; default when the target runs.</summary>
    public Tid HeldThread { get; set; }

    /// <summary>Totals of all windows.</summary>
    public TrapCounts Totals { get; private set; }

    /// <summary>Changes the sites. Those that can't be changed are left as they are and reported.</summary>
    /// <param name="pokes">At most one for a site.</param>
    /// <param name="sync">The helper in the target: serialises its cores.</param>
    /// <param name="journal">Told of the sites before the first byte changes and after the last.</param>
    /// <param name="vacating">Told of threads that are still in an arena when the batch ends; null when nobody asks.</param>
    /// <exception cref="AttachException">The target ended; nothing is left to restore.</exception>
    public BatchResult Poke(
        IReadOnlyCollection<Poke> pokes, ICoreSync sync, IPokeJournal journal, ArenaWatch? vacating = null)
    {
        WarmCode.Prepare();
        var steps = new StepClock();
        PokePlan plan = PokePlan.Make(_target, _writer, pokes);
        foreach (Poke poke in plan.Pokes) _knownSites.Add(poke.Site.Address.Value);
        if (plan.Pokes.Count == 0 && vacating is null) return Result(plan, default, steps);
        journal.Changing(plan.Pokes); // I13
        _table.Fill(plan.Pokes);
        var regions = new RegionMap([.. plan.Pokes.Where(poke => poke.NeedsClearing)]);
        var guard = new Guard(new WindowContext(
            _target, _writer, _knownSites, plan.Pokes.ToDictionary(poke => poke.Site.Address.Value), regions, Policy,
            new StackScan(_target, _target.ReadMappings()), HandlesSignals(), vacating, sync.HelperThread, HeldThread, HandlerOf(sync), AnswersInTarget, Broken));
        NoCollection quiet = NoCollection.Begin();
        UrgentThread urgent = UrgentThread.Begin();
        steps.Mark("plan");
        try
        {
            _table.Install(sync); // I17
            guard.Open(s_openDeadline);
            steps.Mark("open");
            Window(plan, guard, regions, sync, steps);
            vacating?.Complete();
        }
        finally
        {
            End(guard, sync);
            urgent.Dispose();
            quiet.Dispose();
        }
        steps.Mark("close");
        if (IsGone(guard)) throw AttachChecks.Ended(_target.Pid);
        TrapCounts counts = guard.Counts, totals = Totals;
        _table.AddTo(ref counts);
        totals.Add(counts);
        Totals = totals;
        try
        {
            plan.Settle();
        }
        finally
        {
            journal.Changed(plan.Pokes);
        }
        return Result(plan, counts, steps);
    }

    /// <summary>
    /// From the first breakpoint on, the window is not left before none stands any more and every trap is answered,
    /// whatever fails meanwhile: a breakpoint without a guard would end the target.
    /// </summary>
    void Window(PokePlan plan, Guard guard, RegionMap regions, ICoreSync sync, StepClock steps)
    {
        if (!guard.Run(GuardPhase.Enter, s_clearDeadline))
            throw new TimeoutException("a thread of the target could not be looked at in time; nothing was changed");
        steps.Mark("enter");
        plan.ReadImages();
        if (plan.LeftOut) _table.Fill(plan.Pokes);
        plan.MarkChanging();
        _table.BeginHeads();
        steps.Mark("read");
        try
        {
            plan.WriteBreakpoints();
            sync.SyncCores(); // I2: every core sees the breakpoints before any tail changes
            steps.Mark("pass 1");
            if (!regions.IsEmpty && !guard.Run(GuardPhase.Clear, s_clearDeadline))
                throw new TimeoutException("a thread of the target could not be looked at in time");
            plan.Defer(regions.Deferred);
            steps.Mark("clear");
        }
        catch (Exception e) when (!IsGone(guard))
        {
            // I12: nothing but heads has changed, and they go back. Their old tails are untouched: no sync is needed.
            plan.DeferAll(e.Message);
            guard.Run(GuardPhase.Answer, s_clearDeadline);
        }
        Insist(guard, () => KeepHandler(guard, sync));
        Insist(guard, () => _table.BeginTails(plan.Deferred));
        Insist(guard, plan.WriteTails); // and the heads of deferred sites
        if (plan.HasTails) Insist(guard, sync.SyncCores); // I3: every core sees the tails before any head changes
        steps.Mark("pass 2");
        Insist(guard, () => KeepHandler(guard, sync));
        Insist(guard, plan.WriteHeads);
        if (plan.HasTails) Insist(guard, sync.SyncCores);
        steps.Mark("pass 3");
        Insist(guard, () => Drain(guard)); // I9
        if (!plan.LeavesBreakpoint) Insist(guard, _table.End);
        MendForkChildren(plan, guard);
        steps.Mark("drain");
    }

    /// <summary>A step that must succeed before the window may close: repeated until it does, or the target is gone.</summary>
    void Insist(Guard guard, Action step)
    {
        while (!IsGone(guard))
        {
            try
            {
                step();
                return;
            }
            catch (Exception e) when (e is not AttachException)
            {
                // A stopped or frozen target, or a write that another's byte has spoilt: the guard goes on answering.
                Clock.Sleep(s_retry);
            }
            catch (AttachException) when (!IsGone(guard))
            {
                Clock.Sleep(s_retry);
            }
        }
    }

    static void Drain(Guard guard)
    {
        if (!guard.Run(GuardPhase.Drain, s_drainDeadline)) throw new TimeoutException("a thread of the target could not be looked at in time");
    }

    bool IsGone(Guard guard) => guard.TargetGone || _target.HasExited || _target.MemoryIsGone;

    /// <summary>Processes forked in the window have its breakpoints in their copies of the text.</summary>
    static void MendForkChildren(PokePlan plan, Guard guard)
    {
        foreach (Pid child in guard.ForkChildren.All) plan.Mend(child);
    }

    /// <summary>Under the guard, which sees every trap until no thread can be called into the handler any more.</summary>
    void End(Guard guard, ICoreSync sync)
    {
        try
        {
            if (!IsGone(guard)) _table.Uninstall(sync);
        }
        catch (Exception e) when (e is TimeoutException or AttachException or SystemCallException)
        {
            // Stopped, frozen or gone: the handler stays, does no harm, and the next window finds it there.
        }
        finally
        {
            guard.Close();
        }
    }

    /// <summary>A breakpoint in a thread that blocks SIGTRAP has reset the action for all.</summary>
    void KeepHandler(Guard guard, ICoreSync sync)
    {
        if (!guard.ActionReset) return;
        _table.InstallAgain(sync);
        guard.ActionReset = false; // after it: a breakpoint in between finds no handler, and says so again
    }

    static (TargetAddress Start, TargetAddress End) HandlerOf(ICoreSync sync) =>
        (sync.CodeArea + HelperCode.RestorerOffset, sync.CodeArea + HelperCode.HandlerData);

    bool HandlesSignals() =>
        _target.ReadThreads().Any(tid => _target.ReadStatus(tid) is not { CaughtSignals: 0 });

    static BatchResult Result(PokePlan plan, TrapCounts traps, StepClock steps) => new(
        plan.Pokes.Count - plan.Deferred.Count, [.. plan.Refused, .. plan.Deferred], traps,
        steps.Between("read", "pass 3"), steps.Between("plan", "close"), steps.Steps);
}
