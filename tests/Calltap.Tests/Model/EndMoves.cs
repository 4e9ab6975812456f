namespace Calltap.Tests.Model;

/// <summary>The tracer is killed; the helper ends its window. Stands for the kernel and for <c>WindowEndEmitter</c>.</summary>
sealed class EndMoves(Setup setup)
{
    public void Add(State s, Moves moves)
    {
        if (setup.Deaths && s.Tracer == Tracer.Alive && s.Step < Step.HelperLooks && !(s.Step == Step.Idle && !s.Guarded)) KillGuard(s, moves);
        if (s.Tracer == Tracer.Dying)
            EndTracer(s, moves);
        if (s.Tracer == Tracer.Dead) Help(s, moves);
    }

    /// <summary>Whoever it held is let go.</summary>
    void KillGuard(State s, Moves moves)
    {
        State next = s.With(Tracer.Dying).WithGuard(false).Unseen();
        for (int t = 0; t < setup.Threads; t++) next = next.With(t, GuardMoves.Resumed(s, next[t]));
        if (next[setup.Child < State.MaxThreads ? setup.Child : 0] is { Mode: Mode.Held } child) next = next.With(setup.Child, child.Now(Mode.Running));
        moves.To(next, "the tracer is killed");
    }

    /// <summary>A list that was handed over is gone through to its end.</summary>
    void EndTracer(State s, Moves moves)
    {
        if (setup.InList(s)) moves.To(s.With(Tracer.Dead).Unseen(), "the last thread of the tracer ends, the helper's list goes on");
        if (!setup.InList(s) || setup.AtListStart(s)) moves.To(s.With(Tracer.Dead).At(Step.HelperLooks).Grouped().Unseen(), "the last thread of the tracer ends");
    }

    void Help(State s, Moves moves)
    {
        switch (s.Step)
        {
            case Step.HelperLooks:
                Step way = s.Table == TableState.Closed ? Step.Over
                    : s.Table == TableState.HeadsOnly || !setup.Has(Rules.HelperGoesOn) ? Step.HelperOldHeads : Step.HelperTails;
                moves.To(s.At(way), way switch
                {
                    Step.Over => "helper: no window is open, it leaves",
                    Step.HelperOldHeads => "helper: goes back",
                    _ => "helper: goes on",
                });
                break;
            case Step.HelperOldHeads or Step.HelperTails or Step.HelperNewHeads:
                Pass(s, moves);
                break;
            case Step.HelperSyncTails or Step.HelperSyncHeads:
                moves.To((setup.Has(Rules.HelperSync) ? s.SyncCores() : s).At(s.Step + 1), "helper: sync");
                break;
            case Step.HelperCloses:
                moves.To(s.With(TableState.Closed).At(Step.Over), "helper: the table says closed, it leaves");
                break;
        }
    }

    void Pass(State s, Moves moves)
    {
        int site = s.Done;
        State next = s;
        string words = "helper: nothing to do at site {1}";
        if (s.Head(site) == Form.Int3)
        {
            bool back = s.Step == Step.HelperOldHeads || (s.Step == Step.HelperTails && s.Deferred(site));
            if (back) (next, words) = (s.WriteHead(site, Form.Old), "helper: the old head back into site {1}");
            else if (s.Step == Step.HelperTails) (next, words) = (s.WriteTail(site, Form.New), "helper: new tail into site {1}");
            else if (!s.Deferred(site)) (next, words) = (s.WriteHead(site, Form.New), "helper: new head into site {1}");
        }
        Step after = s.Step == Step.HelperOldHeads ? Step.HelperCloses : s.Step + 1;
        moves.To(site + 1 < setup.Sites ? next.WithDone(site + 1) : next.At(after), words, site: site);
    }
}
