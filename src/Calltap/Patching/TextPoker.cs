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
    static readonly TimeSpan s_drainDeadline = TimeSpan.FromSeconds(2);

    readonly TargetProcess _target;
    readonly TargetTextWriter _writer;
    readonly WindowTable _table;
    readonly ThreadHomes _homes;
    readonly HashSet<ulong> _knownSites;
    readonly Dictionary<ulong, Site> _standing = []; // where a breakpoint stays when no window is open
    bool _isMarked; // the table says that breakpoints may stay
    readonly SortedList<TargetAddress, Poke> _formerPokes = []; // for BrokenRules.HandlerStays alone

    public TextPoker(TargetProcess target, TargetTextWriter writer, WindowTable table)
    {
        (_target, _writer, _table, _homes) = (target, writer, table, new ThreadHomes(target));
        _knownSites = [.. table.Former.Select(poke => poke.Site.Address.Value)];
    }

    /// <summary>What a thread at a breakpoint does.</summary>
    public IInt3Policy Policy { get; init; } = new SitePolicy();

    /// <summary>Whether the guard leaves the traps of our sites to the trap handler in the target.</summary>
    public bool AnswersInTarget { get; set; }

    /// <summary>Whether nobody is traced in a window: the handler answers, and threads are looked at from outside (<see cref="Onlooker"/>).</summary>
    public bool WithoutPtrace { get; set; }

    /// <summary>Whether the helper writes the passes where it can; else this process does.</summary>
    public bool WritesInTarget { get; set; } = true;

    /// <summary>Sites that change together; a run of pages is not parted.</summary>
    public int GroupSize { get; set; } = int.MaxValue;

    /// <summary>Rules left out on purpose, for tests.</summary>
    public BrokenRules Broken { get; set; }

    /// <summary>Told of each step of a window that is done, for tests that widen the time between two; must not throw.</summary>
    public Action<string>? StepDone { get; set; }

    /// <summary>Told when a window is about to open (true) and when it has closed (false), for benchmarks.</summary>
    public Action<bool>? WindowOpens { get; set; }

    /// <summary>The thread that a launcher holds; default when the target runs.</summary>
    public Tid HeldThread { get; set; }

    /// <summary>Whether breakpoints stay now.</summary>
    public bool HasStanding => _standing.Count > 0;

    /// <summary>Totals of all windows.</summary>
    public TrapCounts Totals { get; private set; }

    /// <summary>Sites that were changed before, in the memory that this one is a copy of.</summary>
    public void Know(IEnumerable<Site> sites)
    {
        foreach (Site site in sites)
        {
            _knownSites.Add(site.Address.Value);
            if (site.Installed.Stays) _standing[site.Address.Value] = site;
        }
    }

    /// <summary>Sites whose module is gone: a breakpoint there is another's by now.</summary>
    public void Forget(IEnumerable<Site> sites)
    {
        foreach (Site site in sites)
        {
            _knownSites.Remove(site.Address.Value);
            _standing.Remove(site.Address.Value);
        }
    }

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
        var steps = new StepClock(StepDone);
        // Tails that are written before there are breakpoints look like those of a page that was mapped anew.
        var mappings = new PlannedMappings(_target) { AreTrusted = LeavesOut(BrokenRules.MappingsNotLookedAt | BrokenRules.TailsBeforeBreakpoints) };
        PokePlan plan = PokePlan.Make(_target, _writer, pokes, mappings, GroupSize);
        foreach (Poke poke in plan.Pokes) _knownSites.Add(poke.Site.Address.Value);
        if (plan.Pokes.Count == 0 && vacating is null) return Result(plan, default, steps);
        journal.Changing(plan.Pokes); // I13
        var answers = new BreakpointAnswers([.. _standing.Values]);
        if (HasStanding || plan.PutsInBreakpoints) Mark(standing: true);
        _table.Fill(Answerable(answers.Prepare(plan.Pokes)), mappings);
        var regions = new RegionMap([.. plan.Pokes.Where(poke => poke.NeedsClearing)]);
        var context = new WindowContext(
            _target, _writer, _knownSites, answers, regions, Policy,
            new StackScan(_target, _target.ReadMappings(), _homes.Read()), CatchesSignals(_target), vacating, sync.HelperThread, HeldThread, HandlerOf(sync), AnswersInTarget, Broken);
        IWindowGuard guard = WithoutPtrace ? new Onlooker(context, _table, sync) : new Guard(context);
        WindowOpens?.Invoke(true);
        NoCollection quiet = NoCollection.Begin(plan.Pokes.Count);
        UrgentThread urgent = UrgentThread.Begin();
        steps.Mark("plan");
        try
        {
            _table.Install(sync); // I17
            guard.Open(s_openDeadline);
            steps.Mark("open");
            Window(plan, answers, guard, regions, sync, steps);
            vacating?.Complete();
        }
        finally
        {
            End(guard, sync);
            urgent.Dispose();
            quiet.Dispose();
        }
        steps.Mark("close");
        WindowOpens?.Invoke(false);
        if (IsGone(guard)) throw AttachChecks.Ended(_target.Pid);
        if (LeavesOut(BrokenRules.SitesForgotten)) ForgetSites();
        TrapCounts counts = guard.Counts, totals = Totals;
        _table.AddTo(ref counts);
        totals.Add(counts);
        Totals = totals;
        try
        {
            plan.Settle();
            ForgetGone(sync);
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
    void Window(PokePlan plan, BreakpointAnswers answers, IWindowGuard guard, RegionMap regions, ICoreSync sync, StepClock steps)
    {
        var passes = new WindowPasses(_target, _table, guard, regions, sync, steps)
        {
            ByHelper = WritesInTarget && Broken == BrokenRules.None && StepDone is null,
            Broken = Broken,
        };
        if (!guard.Run(GuardPhase.Enter, s_openDeadline))
            throw new TimeoutException("a thread of the target could not be looked at in time; nothing was changed");
        steps.Mark("enter");
        plan.ReadImages();
        IReadOnlyList<Poke> all = answers.Begin(plan.Pokes);
        if (plan.LeftOut || HasStanding) _table.Fill(Answerable(all), plan.Mappings);
        plan.MarkChanging();
        steps.Mark("read");
        string? failure = null;
        foreach (PokeGroup group in plan.Groups)
        {
            if (failure is not null) group.Defer(group.Pokes, failure); // untouched
            else failure = passes.Change(group);
        }
        if (!LeavesOut(BrokenRules.NoDrain)) passes.Insist(() => Drain(guard)); // I9
        NoteStanding(plan);
        if (!plan.LeavesBreakpoint) passes.Insist(_table.End);
        MendForkChildren(plan, guard);
        steps.Mark("drain");
    }

    /// <summary>Whether a test has this rule left out.</summary>
    bool LeavesOut(BrokenRules rule) => (Broken & rule) != 0;

    /// <summary>What the trap handler knows of; in a test that has it stay between windows, what came before as well.</summary>
    IReadOnlyList<Poke> Answerable(IReadOnlyList<Poke> pokes)
    {
        if (!LeavesOut(BrokenRules.HandlerStays)) return pokes;
        foreach (Poke poke in pokes) _formerPokes[poke.Site.Address] = poke;
        return [.. _formerPokes.Values];
    }

    /// <summary>Before the table is closed and the handler taken away, which breakpoints that stay need.</summary>
    void NoteStanding(PokePlan plan)
    {
        RemoveGone();
        HashSet<Site> deferred = [.. plan.Deferred];
        foreach (Poke poke in plan.Pokes)
            if ((deferred.Contains(poke.Site) ? poke.Site.Installed : poke.To).Stays) _standing[poke.Site.Address.Value] = poke.Site;
            else _standing.Remove(poke.Site.Address.Value);
    }

    /// <summary>Sites that have turned out to be another's memory by now.</summary>
    void RemoveGone()
    {
        foreach (ulong gone in _standing.Where(site => !site.Value.Installed.Stays).Select(site => site.Key).ToList()) _standing.Remove(gone);
    }

    /// <summary>After the window: where the last one that was to stay is gone, the handler goes after all.</summary>
    void ForgetGone(ICoreSync sync)
    {
        bool stayed = HasStanding;
        RemoveGone();
        if (HasStanding) return;
        if (stayed) TryUninstall(sync);
        Mark(standing: false);
    }

    void Mark(bool standing)
    {
        if (standing != _isMarked) _table.SetStanding(standing);
        _isMarked = standing;
    }

    void ForgetSites()
    {
        _knownSites.Clear();
        _formerPokes.Clear();
        _table.Fill([], new PlannedMappings(_target));
    }

    static void Drain(IWindowGuard guard)
    {
        if (!guard.Run(GuardPhase.Drain, s_drainDeadline)) throw new TimeoutException("a thread of the target could not be looked at in time");
    }

    bool IsGone(IWindowGuard guard) => guard.TargetGone || _target.IsGone;

    /// <summary>Processes forked in the window have its breakpoints in their copies of the text.</summary>
    static void MendForkChildren(PokePlan plan, IWindowGuard guard)
    {
        foreach (Pid child in guard.ForkChildren.All) plan.Mend(child);
    }

    /// <summary>Under the guard, which sees every trap until no thread can be called into the handler any more.</summary>
    void End(IWindowGuard guard, ICoreSync sync)
    {
        try
        {
            if (HasStanding) _table.Stay();
            else if (!LeavesOut(BrokenRules.HandlerStays) && !IsGone(guard)) TryUninstall(sync);
        }
        finally
        {
            guard.Close();
        }
    }

    void TryUninstall(ICoreSync sync)
    {
        try
        {
            _table.Uninstall(sync);
        }
        catch (Exception e) when (e is TimeoutException or AttachException or SystemCallException)
        {
            // Stopped, frozen or gone: the handler stays, does no harm, and the next window finds it there.
        }
    }

    static (TargetAddress Start, TargetAddress End) HandlerOf(ICoreSync sync) =>
        (sync.CodeArea + HelperCode.RestorerOffset, sync.CodeArea + HelperCode.HandlerData);

    /// <summary>Whether any signal is caught, of those not in a mask.</summary>
    internal static bool CatchesSignals(TargetProcess target, ulong except = 0) =>
        target.ReadThreads().Any(tid => target.ReadStatus(tid) is not { } status || (status.CaughtSignals & ~except) != 0);

    static BatchResult Result(PokePlan plan, TrapCounts traps, StepClock steps) => new(
        plan.Pokes.Count - plan.Deferred.Count, [.. plan.Refused, .. plan.Deferred], traps,
        steps.Between("read", "pass 3"), steps.Between("plan", "close"), steps.Began, steps.Steps);
}
