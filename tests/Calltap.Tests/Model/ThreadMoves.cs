namespace Calltap.Tests.Model;

/// <summary>What a thread of the target does by itself.</summary>
sealed class ThreadMoves(Setup setup, Delivery delivery)
{
    public void Add(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        switch (thread.Mode)
        {
            case Mode.Running:
                Run(s, t, moves);
                break;
            case Mode.Asleep:
                // By sysret, which serialises nothing.
                moves.To(s.With(t, thread.Now(Mode.Running)), "thread {0} wakes and leaves its system call", t);
                break;
            case Mode.Blocked:
                moves.To(s.With(t, s.Fresh(thread.Now(Mode.Running))), "thread {0} has its page and goes on", t);
                break;
            case Mode.TrapTaken when s.Guarded && !thread.IsChild:
                moves.To(s.With(t, thread.Now(Mode.TrapStop)), "thread {0} stops with SIGTRAP", t);
                break;
            case Mode.TrapTaken when setup.Onlooks && s.Action == TrapAction.Ours:
                moves.To(s.With(t, (thread.Sent ? Counted(thread) : thread).Now(Mode.InHandler)), "thread {0} is in the trap handler", t);
                break;
            case Mode.TrapTaken:
                delivery.Deliver(s, t, moves);
                break;
            case Mode.Answered or Mode.Parking when !s.Guarded:
                delivery.DeliverMarked(s, t, moves);
                break;
            case Mode.InHandler:
                delivery.Answer(s, t, moves);
                break;
            case Mode.Forking when t != setup.Child:
                EndFork(s, t, moves);
                break;
            case Mode.ForkingUnreported:
                EndUnreportedFork(s, t, moves);
                break;
        }
    }

    void Run(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        switch (thread.Place)
        {
            case Place.Outside:
                RunOutside(s, t, moves);
                break;
            case Place.Head:
                ExecuteHead(s, t, moves);
                break;
            case Place.Behind:
                ExecuteBehind(s, t, moves);
                break;
            case Place.Copy when setup.SeveralInstructions[thread.Site]:
                moves.To(s.With(t, thread.At(Place.CopyBehind, thread.Site)), "thread {0} is recorded at site {1}, executes the first displaced instruction", t, thread.Site);
                break;
            default:
                moves.To(s.With(t, thread.At(Place.Outside)), "thread {0} leaves the displaced copy of site {1}", t, thread.Site);
                break;
        }
        if (thread.Place is Place.Head or Place.Behind or Place.Copy && !thread.IsChild)
            moves.To(s.With(t, thread.Now(Mode.Blocked)), "thread {0} waits for the page under its pc (site {1})", t, thread.Site);
        Signals(s, t, moves);
    }

    void RunOutside(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        for (int site = 0; site < setup.Sites; site++)
            moves.To(s.With(t, thread.At(Place.Head, site)), "thread {0} calls site {1}", t, site);
        if (!thread.IsChild) moves.To(s.With(t, thread.Now(Mode.Asleep)), "thread {0} goes to sleep in a system call", t);
        if (thread.Saved != Saved.None)
            moves.To(s.With(t, s.Fresh(ReturnFromHandler(thread))), "thread {0} returns from its signal handler", t);
        if (!setup.Forks || thread.IsChild) return;
        if (!s.Guarded) moves.To(s.With(t, thread.Now(Mode.ForkingUnreported)), "thread {0} is in fork, which nobody will be told of", t);
        else if (s[setup.Child].Mode == Mode.Absent) Fork(s, t, moves);
    }

    static TargetThread ReturnFromHandler(TargetThread thread)
    {
        TargetThread back = thread.Saving(Saved.None);
        return thread.Saved == Saved.Elsewhere ? back : back.At(Place.Behind, thread.Saved - Saved.BehindFirst);
    }

    void ExecuteHead(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        int site = thread.Site;
        if (thread.MaySeeHead(site, Form.Int3)) moves.To(Trap(s, t), "thread {0} executes the breakpoint of site {1}", t, site);
        if (thread.MaySeeHead(site, Form.Int3) && setup.TrapsCollide)
            moves.To(Trap(s, t, sent: true), "thread {0} executes the breakpoint of site {1}; SIGTRAP is sent to it just then, and the breakpoint's is dropped", t, site);
        foreach (Form head in (ReadOnlySpan<Form>)[Form.Old, Form.New])
        {
            if (!thread.MaySeeHead(site, head)) continue;
            if (!thread.IsChild && head == Form.Old && s.Head(site) == Form.New)
                moves.Break("thread {0} executes the old instruction of site {1} though the new one stands: a call is lost", t, site);
            if (setup.SeveralInstructions[site] && Setup.IsOriginal(s.Turn(site), head))
                moves.To(s.With(t, thread.At(Place.Behind, site)), "thread {0} executes the first original instruction of site {1}", t, site);
            else
                ExecuteWhole(s, t, head, moves);
        }
    }

    /// <summary>An instruction that head and tail make together.</summary>
    static void ExecuteWhole(State s, int t, Form head, Moves moves)
    {
        TargetThread thread = s[t];
        int site = thread.Site;
        if (thread.MaySeeTail(site, head == Form.Old ? Form.New : Form.Old))
            moves.Break("thread {0} executes a torn instruction at site {1}: " + (head == Form.Old ? "old head, new tail" : "new head, old tail"), t, site);
        if (Setup.IsOriginal(s.Turn(site), head))
            moves.To(s.With(t, thread.At(Place.Outside)), "thread {0} executes the original instruction of site {1}", t, site);
        else
            moves.To(s.With(t, thread.At(Place.Copy, site)), "thread {0} executes the jump at site {1}", t, site);
    }

    void ExecuteBehind(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        int site = thread.Site;
        foreach (Form tail in (ReadOnlySpan<Form>)[Form.Old, Form.New])
        {
            if (!thread.MaySeeTail(site, tail)) continue;
            if (setup.SeveralInstructions[site] && Setup.IsOriginal(s.Turn(site), tail))
                moves.To(s.With(t, thread.At(Place.Outside)), "thread {0} executes the rest of the region of site {1}", t, site);
            else
                moves.Break("thread {0} runs in the middle of the jump at site {1}", t, site);
        }
    }

    /// <summary>The kernel resets the action where the thread blocks SIGTRAP (force_sig_info_to_task).</summary>
    State Trap(State s, int t, bool sent = false)
    {
        TargetThread thread = s[t];
        bool blocks = setup.BlocksTraps(t) || (setup.HandlersBlockTraps && thread.Saved != Saved.None);
        State next = s.With(t, thread.At(Place.Behind, thread.Site).Now(Mode.TrapTaken).WithSent(sent));
        return blocks && !thread.IsChild ? next.With(TrapAction.Reset) : next;
    }

    void Signals(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        bool interrupts = setup.Signals && thread.Saved == Saved.None && !thread.IsChild
            && (thread.Place == Place.Behind || (setup.HandlersBlockTraps && thread.Place == Place.Outside));
        if (interrupts && s.Guarded)
            moves.To(s.With(t, thread.Now(Mode.SignalStop)), "thread {0} stops with a signal of the program's", t);
        else if (interrupts)
            moves.To(s.With(t, EnterHandler(Counted(thread))), "a signal handler interrupts thread {0}", t);
        if (setup.SentTraps && !thread.IsChild && !setup.BlocksTraps(t))
            moves.To(s.With(t, thread.Now(Mode.TrapTaken).WithSent(true)), "somebody sends SIGTRAP to thread {0}", t);
    }

    /// <summary>It has taken a signal, no breakpoint's: what the onlooker knows of its stack counts no more.</summary>
    TargetThread Counted(TargetThread thread) => setup.Has(Rules.SignalsCounted) ? thread.With(Looked.No) : thread;

    /// <summary>The handler is outside every region; what it interrupted is on the stack.</summary>
    public static TargetThread EnterHandler(TargetThread thread)
    {
        Saved saved = thread.Place != Place.Behind ? Saved.Elsewhere : thread.Site == 0 ? Saved.BehindFirst : Saved.BehindSecond;
        return thread.At(Place.Outside).Now(Mode.Running).Saving(saved);
    }

    void Fork(State s, int t, Moves moves)
    {
        TargetThread child = s[t].AsChild().WithSeen(false).Now(Mode.Forking);
        for (int site = 0; site < setup.Sites; site++) child = child.Seeing(site, s.Head(site), s.Tail(site));
        // The child exists for nobody until its maker says so.
        moves.To(s.With(t, s[t].Now(Mode.Forking)).With(setup.Child, child), "thread {0} is in fork: the copy of the memory is made", t);
    }

    void EndFork(State s, int t, Moves moves)
    {
        State next = s.With(t, s[t].Now(Mode.Running));
        TargetThread child = s[setup.Child];
        if (child.Mode == Mode.Forking) next = next.With(setup.Child, child.Now(s.Guarded ? Mode.Held : Mode.Running));
        moves.To(next, "thread {0} has forked, and its child is announced", t);
    }

    void EndUnreportedFork(State s, int t, Moves moves)
    {
        bool among = Enumerable.Range(0, setup.Sites).Any(site => s.Head(site) == Form.Int3);
        if (among && s.Tracer == Tracer.Alive) moves.Break("thread {0} forks among breakpoints, and nobody mends its child", t);
        moves.To(s.With(t, s[t].Now(Mode.Running)), "thread {0} has forked", t);
    }
}
