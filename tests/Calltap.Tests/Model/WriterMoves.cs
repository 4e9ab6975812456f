namespace Calltap.Tests.Model;

/// <summary>The steps of a batch. Stands for <c>TextPoker</c>, <c>WindowPasses</c>, <c>PokePlan</c>, <c>PokeGroup</c> and <c>WindowTable</c>.</summary>
sealed class WriterMoves
{
    readonly Setup _setup;
    readonly Step[] _steps;

    public WriterMoves(Setup setup)
    {
        _setup = setup;
        _steps = [.. StepsOf(setup)];
    }

    /// <summary>The steps in their order, with those left out that the rules are about.</summary>
    static List<Step> StepsOf(Setup setup)
    {
        List<Step> steps = [.. Enumerable.Range((int)Step.Install, Step.Close - Step.Idle).Select(step => (Step)step)];
        if (!setup.Has(Rules.SyncAfterBreakpoints)) steps.Remove(Step.SyncBreakpoints);
        if (!setup.Has(Rules.SyncAfterTails)) steps.Remove(Step.SyncTails);
        if (!setup.Has(Rules.SyncAfterHeads)) steps.Remove(Step.SyncHeads);
        if (!setup.Has(Rules.RegionsCleared)) steps.Remove(Step.Clear);
        if (!setup.Has(Rules.Enter) || !setup.Forks) steps.Remove(Step.Enter);
        if (!setup.Has(Rules.Drain)) steps.Remove(Step.Drain);
        if (!setup.Has(Rules.Handler)) steps.RemoveAll(step => step is Step.Install or Step.KeepBeforeTails or Step.KeepBeforeHeads);
        if (!setup.Has(Rules.BreakpointsBeforeTails)) Swap(steps, Step.Breakpoints, Step.Tails);
        if (!setup.Has(Rules.TailsBeforeHeads)) Swap(steps, Step.Tails, Step.Heads);
        if (!setup.Has(Rules.HeadsOnlyFirst)) Swap(steps, Step.BeginHeads, Step.Breakpoints);
        if (!setup.Has(Rules.TailsStateFirst)) Swap(steps, Step.BeginTails, Step.Tails);
        return steps;
    }

    static void Swap(List<Step> steps, Step one, Step other)
    {
        int first = steps.IndexOf(one), second = steps.IndexOf(other);
        (steps[first], steps[second]) = (other, one);
    }

    public void Add(State s, Moves moves)
    {
        bool needsGuard = s.Step is Step.Open or Step.Enter or Step.Clear or Step.Drain or Step.Close or Step.Idle;
        if (s.Tracer == Tracer.Dead || (s.Tracer == Tracer.Dying && needsGuard)) return;
        if (_setup.Rollbacks && s.Step is Step.Breakpoints or Step.SyncBreakpoints or Step.Clear && s.Tracer == Tracer.Alive) RollBack(s, moves);
        switch (s.Step)
        {
            case Step.Idle:
                OpenNext(s, moves);
                break;
            case Step.Breakpoints or Step.Tails or Step.Heads:
                Pass(s, moves);
                break;
            case Step.Enter or Step.Clear or Step.Drain:
                if (AllSeen(s)) moves.To(Next(s), s.Step switch
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
                moves.To(Next(next), words);
                break;
        }
    }

    (State Next, string Words) Simple(State s) => s.Step switch
    {
        Step.Install => (s.With(TrapAction.Ours), "writer: the trap handler is installed"),
        Step.Open => (s.WithGuard(true), "writer: the guard has seized every thread"),
        Step.BeginHeads => (s.With(TableState.HeadsOnly), "writer: the table says heads only"),
        Step.SyncBreakpoints => (s.SyncCores(), "writer: sync"),
        Step.KeepBeforeTails or Step.KeepBeforeHeads => (s.With(Kept(s.Action)), "writer: the handler is put back where the action was reset"),
        Step.BeginTails => (s.With(TableState.Tails), "writer: the table says tails, and which sites are deferred"),
        Step.SyncTails => HasTails(s) || _setup.Has(Rules.SyncAfterRollback) ? (s.SyncCores(), "writer: sync") : (s, "writer: nothing new was written, no sync"),
        Step.SyncHeads => HasTails(s) ? (s.SyncCores(), "writer: sync") : (s, "writer: nothing new was written, no sync"),
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
        for (int site = 0; site < _setup.Sites; site++)
            if (!s.Deferred(site)) return true;
        return false;
    }

    /// <summary>Site after site: a tracer can be killed, and a thread run, between any two.</summary>
    void Pass(State s, Moves moves)
    {
        int site = s.Done;
        (State next, string words) = (s.Step, s.Deferred(site)) switch
        {
            (Step.Breakpoints, _) => (s.WriteHead(site, Form.Int3), "writer: breakpoint into site {1}"),
            (Step.Tails, true) => (s.WriteHead(site, Form.Old), "writer: the old head back into site {1}"),
            (Step.Tails, false) => (s.WriteTail(site, Form.New), "writer: new tail into site {1}"),
            (_, true) => (s, "writer: site {1} is left out"),
            (_, false) => (s.WriteHead(site, Form.New), "writer: new head into site {1}"),
        };
        moves.To(site + 1 < _setup.Sites ? next.WithDone(site + 1) : Next(next), words, site: site);
    }

    State Next(State s)
    {
        int index = Array.IndexOf(_steps, s.Step) + 1;
        bool clears = Enumerable.Range(0, _setup.Sites).Any(site => _setup.NeedsClearing(s, site));
        if (index < _steps.Length && _steps[index] == Step.Clear && !clears) index++;
        State next = s.At(index < _steps.Length ? _steps[index] : Step.Idle);
        return next.Unseen();
    }

    /// <summary>I12: whatever fails up to the end of step 3, the heads go back.</summary>
    void RollBack(State s, Moves moves)
    {
        State next = s;
        for (int site = 0; site < _setup.Sites; site++) next = next.WithDeferred(site);
        Step to = _setup.Has(Rules.Handler) ? Step.KeepBeforeTails : Step.BeginTails;
        moves.To(next.At(to).Unseen(), "writer: a step fails, every site is deferred");
    }

    void OpenNext(State s, Moves moves)
    {
        if (s.Guarded || (!_setup.Cycles && s.Head(0) != Form.Old)) return;
        State next = s;
        for (int site = 0; site < _setup.Sites; site++) next = next.NextTurn(site);
        moves.To(Next(next), "writer: a batch: " + Turns(next));
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
            if (s[t].Mode is Mode.TrapStop or Mode.Hit or Mode.Late or Mode.Answered or Mode.Interrupted or Mode.InterruptedInCall or Mode.InterruptedTrapTaken or Mode.SignalStop) return;
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
