namespace Calltap.Tests.Model;

/// <summary>What a writer that traces nobody does with one thread. Stands for <c>Onlooker</c>, <c>RunningThread</c> and <c>ThreadObserver.SeenRunning</c>.</summary>
sealed class OnlookerMoves(Setup setup)
{
    public void Add(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        if (s.Tracer != Tracer.Alive || thread.Seen || s.Step is not (Step.Clear or Step.Drain)) return;
        if (thread.Mode is Mode.Asleep || (thread.Mode == Mode.Blocked && IsOutside(s, thread)))
            moves.To(See(setup.Scan(s, thread), t), "onlooker: thread {0} is seen from outside", t);
        else if (thread.Mode is Mode.Running && IsOutside(s, thread))
            Sample(s, t, moves);
        else if (thread.Mode == Mode.InHandler && (thread.Looked == Looked.Scanned || !setup.Has(Rules.HandlerSeen)) && s.Step == Step.Clear)
            moves.To(See(s, t), "onlooker: a second sample shows thread {0} in the trap handler", t);
        if (thread.Looked == Looked.Sampled && thread.Mode is Mode.Running or Mode.InHandler)
            Read(s, t, moves);
    }

    /// <summary>A sample of user code: a breakpoint that the thread had taken has become a call of the handler before.</summary>
    void Sample(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        bool hasContexts = setup.Signals && s.Step == Step.Clear && setup.Has(Rules.StackScan);
        if (!hasContexts) moves.To(See(s, t), "onlooker: a sample shows thread {0}", t);
        else if (thread.Looked == Looked.Scanned) moves.To(See(s, t), "onlooker: a second sample shows thread {0}", t);
        else if (thread.Looked == Looked.No) moves.To(s.With(t, thread.With(Looked.Sampled)), "onlooker: a first sample shows thread {0}", t);
    }

    /// <summary>While it runs: a frame that goes meanwhile is not found.</summary>
    void Read(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        State next = setup.Scan(s, thread);
        if (setup.Has(Rules.SecondSample)) moves.To(next.With(t, thread.With(Looked.Scanned)), "onlooker: the stack of thread {0} is read", t);
        else moves.To(See(next, t), "onlooker: the stack of thread {0} is read, which is thought to be enough", t);
    }

    static State See(State s, int t) => s.With(t, s[t].WithSeen());

    bool IsOutside(State s, TargetThread thread)
    {
        if (thread.Place != Place.Behind) return true;
        if (thread.Mode == Mode.Blocked) return false; // in no system call, a taken breakpoint would look so
        return !(s.Step == Step.Clear && setup.IsCleared(s, thread.Site));
    }
}
