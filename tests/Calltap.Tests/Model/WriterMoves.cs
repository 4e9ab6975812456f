namespace Calltap.Tests.Model;

/// <summary>The steps of a batch. Stands for <c>TextPoker</c>, <c>WindowPasses</c>, <c>PokePlan</c>, <c>PokeGroup</c> and <c>WindowTable</c>.</summary>
sealed class WriterMoves
{
    readonly Setup _setup;
    readonly WriterSteps _steps;

    public WriterMoves(Setup setup)
    {
        _setup = setup;
        _steps = new WriterSteps(setup);
    }

    public void Add(State s, Moves moves)
    {
        bool needsGuard = s.Step is Step.Open or Step.Enter or Step.Clear or Step.Answer or Step.Drain or Step.Close or Step.Idle;
        if ((s.Tracer == Tracer.Dead && !_setup.InList(s)) || (s.Tracer == Tracer.Dying && needsGuard)) return;
        if (_setup.Rollbacks && _setup.InList(s)) FailList(s, moves);
        else if (_setup.Rollbacks && s.Step is Step.Breakpoints or Step.SyncBreakpoints or Step.Clear && s.Tracer == Tracer.Alive) RollBack(s, moves);
        switch (s.Step)
        {
            case Step.Idle:
                OpenNext(s, moves);
                break;
            case Step.Breakpoints or Step.Tails or Step.Heads:
                Pass(s, moves);
                break;
            case Step.Enter or Step.Clear or Step.Drain:
                if (s.Step == Step.Clear && _steps.SkipsClear(s)) moves.To(Next(s), "writer: the guard says that the regions are clear, as it did of the group before");
                else if (AllSeen(s)) moves.To(Next(s), s.Step switch
                {
                    Step.Enter => "writer: no thread is in a fork that nobody will be told of",
                    Step.Clear => "writer: every thread was seen outside the regions",
                    _ => "writer: every thread was seen with no trap taken",
                });
                break;
            case Step.Mend:
                Mend(s, moves);
                break;
            case Step.Close:
                Close(s, moves);
                break;
            default:
                (State next, string words) = Simple(s);
                moves.To(Next(next), _setup.InList(s) ? s.Step == Step.BeginTails ? "helper's list: the table says tails" : "helper's list: sync" : words);
                break;
        }
    }

    (State Next, string Words) Simple(State s) => s.Step switch
    {
        Step.Install => (s.With(TrapAction.Ours), "writer: the trap handler is installed"),
        Step.Open => _setup.Onlooks ? (s, "writer: no thread and no handler blocks SIGTRAP") : (s.WithGuard(true), "writer: the guard has seized every thread"),
        Step.BeginHeads => (s.With(TableState.HeadsOnly), "writer: the table says heads only"),
        Step.SyncBreakpoints => (s.SyncCores(), "writer: sync"),
        Step.KeepBeforeTails or Step.KeepBeforeHeads => (s.With(Kept(s.Action)), "writer: the handler is put back where the action was reset"),
        Step.BeginTails => (s.With(TableState.Tails), "writer: the table says tails, and which sites are deferred"),
        Step.SyncTails => HasTails(s) || s.Listed || _setup.Has(Rules.SyncAfterRollback) ? (s.SyncCores(), "writer: sync") : (s, "writer: nothing new was written, no sync"),
        Step.SyncHeads => HasTails(s) || s.Listed ? (s.SyncCores(), "writer: sync") : (s, "writer: nothing new was written, no sync"),
        Step.Answer => (s, "writer: the guard has left the phase"),
        Step.End => (s.With(TableState.Closed), "writer: the table says closed"),
        Step.Uninstall => (s.With(TrapAction.Programs), "writer: the program's action is put back"),
        _ => throw new InvalidOperationException(s.Step.ToString()),
    };

    TrapAction Kept(TrapAction action) => action switch
    {
        TrapAction.ResetNoticed => TrapAction.Ours,
        TrapAction.Reset when _setup.Has(Rules.ActionAsked) => TrapAction.Ours,
        TrapAction.ResetUnnoticed => TrapAction.Lost,
        _ => action,
    };

    /// <summary><c>PokeGroup.HasTails</c>.</summary>
    bool HasTails(State s)
    {
        int deferred = 0;
        for (int site = 0; site < _setup.Sites; site++)
            if (s.Deferred(site) && (!_setup.Has(Rules.RegionsOfTheGroupOnly) || _setup.Group(s).Contains(site))) deferred++;
        return deferred < _setup.Group(s).Length;
    }

    /// <summary>Site after site: a tracer can be killed, and a thread run, between any two.</summary>
    void Pass(State s, Moves moves)
    {
        ReadOnlySpan<int> group = _setup.Group(s);
        int site = group[s.Done];
        bool again = s.Head(site) == Form.New && s.Tail(site) == Form.New; // a list has failed behind it
        (State next, string words) = (s.Step, s.Deferred(site)) switch
        {
            (Step.Breakpoints, _) => (s.WriteHead(site, Form.Int3), "breakpoint into site {1}"),
            (Step.Tails, true) => (s.WriteHead(site, Form.Old), "the old head back into site {1}"),
            (Step.Tails, false) when again => (s.WriteHead(site, Form.Int3), "breakpoint into site {1} once more"),
            (Step.Tails, false) => (s.WriteTail(site, Form.New), "new tail into site {1}"),
            (_, true) => (s, "site {1} is left out"),
            (_, false) => (s.WriteHead(site, Form.New), "new head into site {1}"),
        };
        moves.To(s.Done + 1 < group.Length ? next.WithDone(s.Done + 1) : Next(next), (s.Listed ? "helper's list: " : "writer: ") + words, site: site);
    }

    State Next(State s) => _steps.Next(s);

    /// <summary>I12: whatever fails up to the end of step 3, the heads go back.</summary>
    void RollBack(State s, Moves moves)
    {
        Step to = s.Listed ? Step.BeginTails : _setup.Has(Rules.Handler) ? Step.KeepBeforeTails : Step.BeginTails;
        moves.To(DeferGroup(s).At(to).Unseen(), "writer: a step fails, every site is deferred");
    }

    State DeferGroup(State s)
    {
        State next = s.WithFailed(_setup.Groups);
        foreach (int site in _setup.Group(s)) next = next.WithDeferred(site);
        return next;
    }

    /// <summary><c>WindowPasses.GoOn</c>; a dead tracer's list just ends.</summary>
    void FailList(State s, Moves moves)
    {
        if (s.Tracer == Tracer.Dead)
        {
            moves.To(s.At(Step.HelperLooks).Grouped(), "helper's list: an entry fails, that is its end");
            return;
        }
        bool back = s.Step is Step.Breakpoints or Step.SyncBreakpoints;
        Step to = _setup.Has(Rules.Handler) ? Step.KeepBeforeTails : Step.BeginTails;
        moves.To((back ? DeferGroup(s) : s).WithListed(false).At(to).Unseen(),
            back ? "helper's list: an entry fails, every site is deferred" : "helper's list: an entry fails, the writer goes on");
    }

    void OpenNext(State s, Moves moves)
    {
        if (s.Guarded || (!_setup.Cycles && s.Head(0) != Form.Old)) return;
        State next = s;
        for (int site = 0; site < _setup.Sites; site++) next = next.NextTurn(site);
        moves.To(_steps.Begin(next), "writer: a batch: " + Turns(next));
    }

    string Turns(State s) => string.Join(", ", Enumerable.Range(0, _setup.Sites).Select(site => $"{s.Turn(site)} at site {site}"));

    bool AllSeen(State s)
    {
        for (int t = 0; t < _setup.Threads; t++)
            if (!s[t].Seen) return false;
        return !(_setup.Forks && _setup.Has(Rules.ForksAwaited) && s.Step == Step.Drain && s[_setup.Child].Mode == Mode.Forking);
    }

    void Mend(State s, Moves moves)
    {
        if (_setup.Forks && s[_setup.Child].Mode == Mode.Held)
            moves.To(Next(s.With(_setup.Child, TargetThread.Absent)), "writer: the fork's child has the original bytes");
        else
            moves.To(Next(s), "writer: no fork's child to mend");
    }

    /// <summary>The guard's thread serves what is stopped, and exits.</summary>
    void Close(State s, Moves moves)
    {
        for (int t = 0; t < _setup.Threads; t++)
            if (s[t].Mode is Mode.TrapStop or Mode.Hit or Mode.Late or Mode.Answered or Mode.Parking or Mode.Parked or Mode.Interrupted or Mode.InterruptedInCall or Mode.InterruptedTrapTaken or Mode.SignalStop) return;
        State next = s.WithGuard(false);
        if (_setup.Forks && s[_setup.Child] is { Mode: Mode.Held or Mode.Forking } child)
        {
            for (int site = 0; site < _setup.Sites; site++)
                if (child.MaySeeHead(site, Form.Int3)) moves.Break("the fork's child is let go with a breakpoint at site {1}", site: site);
            next = next.With(_setup.Child, TargetThread.Absent);
        }
        moves.To(Next(next), "writer: the window closes, the guard leaves");
    }
}
