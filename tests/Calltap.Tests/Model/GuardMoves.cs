namespace Calltap.Tests.Model;

/// <summary>What the guard does with one thread. Stands for <c>Guard</c>, <c>StopServer</c>, <c>ThreadObserver</c> and <c>TrapAnswers</c>.</summary>
sealed class GuardMoves(Setup setup)
{
    public void Add(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        switch (thread.Mode)
        {
            case Mode.TrapStop:
                ReadTrap(s, t, moves);
                break;
            case Mode.Hit when setup.Parks:
                Park(s, t, moves);
                break;
            case Mode.Hit:
                moves.To(s.With(t, thread.At(Place.Copy, thread.Site).Now(Mode.Answered)), "guard: thread {0} goes where site {1} is becoming", t, thread.Site);
                break;
            case Mode.Late:
                moves.To(s.With(t, thread.At(Place.Head, thread.Site).Now(Mode.Answered)), "guard: thread {0} goes back to site {1}", t, thread.Site);
                break;
            case Mode.Answered:
                ResumeAnswered(s, t, moves);
                break;
            case Mode.Parking:
                moves.To(TakeNote(Looks(s) && s.Step != Step.Drain ? See(s, t, thread) : s, t, Mode.Parked), "guard: thread {0} is parked, its stop taken", t);
                break;
            case Mode.Parked when s.Step is Step.Answer or Step.Drain or Step.Close:
                Release(s, t, moves);
                break;
            case Mode.Interrupted or Mode.InterruptedInCall or Mode.InterruptedTrapTaken or Mode.SignalStop:
                ServeStop(s, t, moves);
                break;
        }
        if (Looks(s) && !thread.Seen && !thread.IsChild) Look(s, t, moves);
    }

    /// <summary>I7.</summary>
    void ReadTrap(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        bool known = setup.Has(Rules.SitesRemembered) || s.Step is < Step.SyncHeads;
        if (thread.Sent && !setup.Has(Rules.ForeignTrapsFirst))
            moves.Break("guard: thread {0} was sent a SIGTRAP, and is moved as if a breakpoint had raised it", t);
        else if (thread.Sent || !known || thread.Place != Place.Behind)
            Delivery.GiveToProgram(s, t, moves);
        else if (setup.AnswersInTarget)
            LeaveToHandler(s, t, moves);
        else if (s.Head(thread.Site) != Form.Int3 && setup.Has(Rules.LateTraps))
            moves.To(s.With(t, thread.Now(Mode.Late)), "guard: the breakpoint of site {1} is gone, thread {0} is late", t, thread.Site);
        else if (s.Head(thread.Site) == Form.Old)
            moves.Break("guard: thread {0} is sent where site {1} does not lead: the breakpoint is gone, the old instruction stands again", t, thread.Site);
        else
            moves.To(s.With(t, thread.Now(Mode.Hit)), "guard: the breakpoint of site {1} stands, thread {0} has hit it", t, thread.Site);
    }

    void LeaveToHandler(State s, int t, Moves moves)
    {
        State next = s;
        if (s.Step == Step.Clear) next = See(s, t, s[t]); // as good as at the site
        moves.To(next.With(t, next[t].Now(Mode.InHandler)), "guard: thread {0} is let into the trap handler", t);
    }

    /// <summary><c>StopServer.Park</c>.</summary>
    void Park(State s, int t, Moves moves)
    {
        if (setup.Has(Rules.ParkedAtSite))
            moves.To(s.With(t, s[t].At(Place.Head, s[t].Site).Now(Mode.Parking)), "guard: thread {0} is put back to site {1}", t, s[t].Site);
        else
            moves.To(TakeNote(s, t, Mode.Parked), "guard: thread {0} is parked as it is, its stop taken", t);
    }

    /// <summary><c>StopServer.LookAtHeld</c>: at the end of a group, sooner or later; at the drain for certain.</summary>
    static void Release(State s, int t, Moves moves)
    {
        TargetThread thread = s[t].At(Place.Head, s[t].Site).Now(Mode.Running);
        moves.To(s.With(t, s.Fresh(s.Step == Step.Drain ? thread.WithSeen() : thread)), "guard: thread {0} is parked no more, goes on at site {1}", t, thread.Site);
    }

    void ResumeAnswered(State s, int t, Moves moves)
    {
        State next = TakeNote(Looks(s) ? See(s, t, s[t]) : s, t, Mode.Running);
        moves.To(next.With(t, s.Fresh(next[t])), "guard: thread {0} goes on", t);
    }

    /// <summary>Its trap is answered: what the kernel may have reset is noticed.</summary>
    State TakeNote(State s, int t, Mode mode)
    {
        State next = s.With(t, s[t].Now(mode));
        if (s.Action != TrapAction.Reset) return next;
        return next.With(setup.BlocksTraps(t) || setup.Has(Rules.ActionAsked) ? TrapAction.ResetNoticed : TrapAction.ResetUnnoticed);
    }

    /// <summary>A stop that is no breakpoint's: the thread is looked at, moved out of a region, and goes on.</summary>
    void ServeStop(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        State next = s;
        bool queued = thread.Mode == Mode.InterruptedTrapTaken;
        if (Looks(s) && !thread.Seen && !(queued && setup.Has(Rules.QueuedTrapLook))) next = See(s, t, thread); // I8
        moves.To(next.With(t, Resumed(next, next[t])), next[t].Place == Place.CopyBehind && thread.Place == Place.Behind
            ? "guard: thread {0} is moved from inside the region of site {1} into the displaced copy, goes on"
            : next[t].Seen ? "guard: thread {0} is seen in its stop, goes on" : "guard: thread {0} goes on", t, thread.Site);
    }

    /// <summary>Also what becomes of a stopped thread when its ptracer ends.</summary>
    public static TargetThread Resumed(State s, TargetThread thread) => thread.Mode switch
    {
        Mode.InterruptedTrapTaken or Mode.TrapStop or Mode.Hit or Mode.Late => thread.Now(Mode.TrapTaken),
        Mode.SignalStop => ThreadMoves.EnterHandler(s.Fresh(thread)),
        Mode.Interrupted or Mode.Parked => s.Fresh(thread.Now(Mode.Running)),
        Mode.InterruptedInCall => thread.Now(Mode.Running), // by sysret
        _ => thread,
    };

    /// <summary>Stands for <c>ThreadObserver.SeenStopped</c>.</summary>
    State See(State s, int t, TargetThread thread)
    {
        if (thread.Place == Place.Behind && s.Step == Step.Clear && setup.IsCleared(s, thread.Site) && thread.Mode is not Mode.TrapStop)
            thread = thread.At(Place.CopyBehind, thread.Site);
        return setup.Scan(s.With(t, thread.WithSeen()), thread);
    }

    static bool Looks(State s) => s.Step is Step.Enter or Step.Clear or Step.Drain;

    /// <summary><c>Guard.LookAtThreads</c>: from outside (<c>ThreadObserver.SeenAsleep</c>), or by an interruption.</summary>
    void Look(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        bool asleep = thread.Mode == Mode.Asleep
            || (thread.Mode == Mode.Blocked && thread.Place != Place.Behind)
            || (thread.Mode == Mode.TrapTaken && !thread.Sent && !setup.Has(Rules.PcBehindSite))
            || (thread.Mode == Mode.InHandler && !setup.Has(Rules.HandlerSeen))
            || (thread.Mode == Mode.Forking && !(s.Step != Step.Clear && setup.Has(Rules.ForksAwaited)))
            || (thread.Mode == Mode.ForkingUnreported && s.Step == Step.Clear);
        if (asleep) moves.To(setup.Scan(s.With(t, thread.WithSeen()), thread), "guard: thread {0} is seen from outside", t);
        if (thread.Mode == Mode.Parked && s.Step != Step.Drain) moves.To(See(s, t, thread), "guard: thread {0} is seen where it is parked", t);
        if (thread.Mode is Mode.Running or Mode.Asleep)
            moves.To(s.With(t, thread.Now(thread.Mode == Mode.Running ? Mode.Interrupted : Mode.InterruptedInCall)), "guard: thread {0} is interrupted, and stops", t);
        if (thread.Mode == Mode.TrapTaken)
            moves.To(s.With(t, thread.Now(thread.Sent ? Mode.Interrupted : Mode.InterruptedTrapTaken)), "guard: thread {0} is interrupted, and stops with its SIGTRAP queued", t);
    }
}
