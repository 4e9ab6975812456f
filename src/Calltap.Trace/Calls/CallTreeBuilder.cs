using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>
/// Turns the events of one thread into calls, as they come. Memory grows with the depth of the stack; what is held besides is bounded.
/// Not thread-safe.
/// </summary>
/// <remarks>
/// Rules, with S the event's rsp at the return slot; stacks grow down, so a callee's S is lower than its caller's:
/// C1 an entry at S ends every open call at S or below: those frames are gone, however they went. Only an open call at S itself proves
/// that; else the entry may be on another stack, and it and what follows is held until <see cref="Doubt"/> can tell (C6);
/// C2 an exit ends the open call of its function at S, and first every call below S; without such a call it is an orphan;
/// C3 a call ended by another one's event was unwound if its exits are all patched and nothing was lost meanwhile, else unknown;
/// C4 S compares as a signed 32-bit difference; a step beyond 64 MiB is another stack, whose calls stay open. So do those of a nearer one that
/// C6 found. One that lies between two calls is there until the inner one ends, which ends its calls; one above all calls is
/// remembered, and an entry in its range is on it without doubt (<see cref="StackGap"/>);
/// C5 what is open at the end is unknown;
/// C6 what is held is decided as the events tell. At the end, at a loss, or when too much is held, the calls in doubt are gone. There is
/// no doubt about calls of functions without patched exits: nothing could tell;
/// C7 an entry that is alone is on no stack: a call of its own, whose end is unknown.
/// </remarks>
public sealed class CallTreeBuilder
{
    readonly SiteTable _sites;
    readonly CallEmitter _calls;
    readonly StackSet _stacks;
    readonly Doubt _doubt = new();
    readonly List<TraceEvent> _held = [];
    int _judged;

    /// <summary>A builder for one thread, which tells <paramref name="visitor"/> of its calls, or of those in <paramref name="scope"/>.</summary>
    public CallTreeBuilder(SiteTable sites, ExitCoverage coverage, ICallVisitor visitor, CallScope? scope = null)
        : this(sites, coverage, visitor, scope, CallGroups.Functions)
    {
    }

    /// <summary>The same; a call is outermost by its group.</summary>
    internal CallTreeBuilder(SiteTable sites, ExitCoverage coverage, ICallVisitor visitor, CallScope? scope, CallGroups groups)
    {
        _sites = sites;
        _calls = new CallEmitter(coverage, scope ?? CallScope.All, groups, visitor);
        _stacks = new StackSet(_calls.Abandon);
    }

    /// <summary>Number of entry events so far; as the other numbers, without those held.</summary>
    public long Entries => _calls.Entries;

    /// <summary>Exit events without an open call: it began before the function was armed, or its entry was lost.</summary>
    public long OrphanExits { get; private set; }

    /// <summary>Events of sites that the trace does not describe.</summary>
    public long UnknownSites { get; private set; }

    /// <summary>Whether events are held, whose calls the visitor will be told of later.</summary>
    public bool IsInDoubt => _doubt.IsOpen;

    /// <summary>Time of the event that the visitor is being told of.</summary>
    public TscTime Now { get; private set; }

    /// <summary>Takes the next events of the thread.</summary>
    public void Add(ReadOnlySpan<TraceEvent> events)
    {
        while (!events.IsEmpty)
        {
            int taken = _doubt.IsOpen ? 0 : Take(events);
            if (taken < events.Length)
                Hold(events[taken++]);
            events = events[taken..];
        }
    }

    /// <summary>The same; the calls that need no thought are told to <paramref name="sink"/> instead of the visitor, for speed.</summary>
    internal void Add<TSink>(ReadOnlySpan<TraceEvent> events, ref TSink sink)
        where TSink : struct, ICallSink
    {
        while (!events.IsEmpty)
        {
            int plain = _doubt.IsOpen || _stacks.HasClose ? 0 : TakePlain(events, ref sink);
            events = events[plain..];
            if (events.IsEmpty)
                return;
            Add(events[..1]);
            events = events[1..];
        }
    }

    /// <summary>Events were lost here: calls open now may have ended unseen.</summary>
    public void AddLoss()
    {
        EndDoubt();
        foreach (CallStack stack in _stacks.All)
            stack.OpenAtLoss = stack.Count;
    }

    /// <summary>Takes all that is held: nothing more will tell (C6).</summary>
    public void EndDoubt()
    {
        while (_doubt.IsOpen)
            Decide(Doubt.Verdict.Gone);
    }

    /// <summary>The trace ended: ends every open call as unknown.</summary>
    public void Finish()
    {
        EndDoubt();
        Now = new TscTime(ulong.MaxValue);
        foreach (CallStack stack in _stacks.All)
            _calls.Abandon(stack);
    }

    // Returns how many were taken: all, or those before one that raises a doubt.
    int Take(ReadOnlySpan<TraceEvent> events)
    {
        for (int i = 0; i < events.Length; i++)
        {
            ref readonly TraceEvent next = ref events[i];
            SiteRecord site = _sites.Find(next.Site);
            if (site.Kind == SiteKind.Unknown)
            {
                UnknownSites++;
                continue;
            }

            if (site.Kind == SiteKind.EntryAlone)
            {
                Now = next.Time;
                _calls.Alone(site.Function, next.Time);
                continue;
            }

            CallStack stack = _stacks.Select(site.Kind, site.Function, next.StackLow);
            Now = next.Time;
            if (site.Kind != SiteKind.Entry)
                Leave(stack, site.Function, next);
            else if (stack.Nests(next.StackLow))
                _calls.Open(stack, site.Function, next);
            else if (RaisesDoubt(stack, next.StackLow))
                return i;
            else
                Enter(stack, site.Function, next);
            if (_stacks.HasClose)
                EndVoid();
        }

        return events.Length;
    }

    // Those that need no thought.
    int TakePlain<TSink>(ReadOnlySpan<TraceEvent> events, ref TSink sink)
        where TSink : struct, ICallSink
    {
        int taken = _calls.TakePlain(_stacks.Current, _sites, events, ref sink);
        if (taken > 0)
        {
            Now = events[taken - 1].Time;
            _stacks.Use(events[taken - 1].StackLow, taken);
        }

        return taken;
    }

    // C1
    bool RaisesDoubt(CallStack stack, uint stackLow)
    {
        int outermost = stack.FirstFrom(stackLow);
        if (stack[outermost].StackLow == stackLow)
            return false;
        for (int depth = stack.Count - 1; depth >= outermost; depth--)
        {
            if (!_sites.HasExits(new FunctionId(stack[depth].Function)))
                continue;
            _doubt.Open(stack, outermost);
            return true;
        }

        return false;
    }

    // C6. The first one held is the one in doubt.
    void Hold(in TraceEvent next)
    {
        _held.Add(next);
        if (_held.Count == 1)
            return;
        Doubt.Verdict verdict = _doubt.Judge(_sites.Find(next.Site), next.StackLow);
        if (verdict == Doubt.Verdict.None && _held.Count >= TraceLimits.MaxEventsInDoubt)
            verdict = Doubt.Verdict.Gone;
        if (verdict != Doubt.Verdict.None)
            Decide(verdict);
    }

    // Takes the event in doubt and what was held behind it, up to one that is in doubt still.
    void Decide(Doubt.Verdict verdict)
    {
        int at = 0;
        while (verdict != Doubt.Verdict.None)
        {
            TakeDoubtful(_held[at++], verdict == Doubt.Verdict.Switched);
            at += Take(CollectionsMarshal.AsSpan(_held)[at..]);
            verdict = at < _held.Count ? JudgeFrom(at + 1) : Doubt.Verdict.None;
        }

        _held.RemoveRange(0, at);
        if (_held.Count == 0)
            _judged = 0;
    }

    // A doubt may be decided only by the last of many events, and behind it be another one. That many are not looked at again and again.
    Doubt.Verdict JudgeFrom(int at)
    {
        Doubt.Verdict verdict = Doubt.Verdict.None;
        for (; at < _held.Count && verdict == Doubt.Verdict.None && _judged < TraceLimits.MaxEventsJudged; at++, _judged++)
            verdict = _doubt.Judge(_sites.Find(_held[at].Site), _held[at].StackLow);
        return _judged < TraceLimits.MaxEventsJudged ? verdict : Doubt.Verdict.Gone;
    }

    void TakeDoubtful(in TraceEvent entry, bool switched)
    {
        (CallStack stack, int outermost) = _doubt.Close();
        if (switched)
            stack = _stacks.Branch(stack, outermost, entry.StackLow);
        Now = entry.Time;
        Enter(stack, _sites.Find(entry.Site).Function, entry);
        EndVoid();
    }

    // C1
    void Enter(CallStack stack, FunctionId function, in TraceEvent entry)
    {
        while (!stack.Nests(entry.StackLow))
            _calls.EndUnseen(stack, entry.Time);
        _calls.Open(stack, function, entry);
    }

    // C2
    void Leave(CallStack stack, FunctionId function, in TraceEvent exit)
    {
        int depth = stack.Find(exit.StackLow);
        if (depth < 0 || stack[depth].Function != function.Value)
        {
            OrphanExits++;
            _calls.Orphan(function, exit.Time);
            return;
        }

        while (stack.Count - 1 > depth)
            _calls.EndUnseen(stack, exit.Time);
        _calls.End(stack, EndedBy.Exit, exit.Time);
    }

    // C4
    void EndVoid()
    {
        while (_stacks.TakeVoid() is { } stack)
            while (stack.Count > 0)
                _calls.EndUnseen(stack, Now);
    }
}
