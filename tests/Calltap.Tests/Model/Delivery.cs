namespace Calltap.Tests.Model;

/// <summary>A SIGTRAP that no guard keeps reaches the target: its action decides. Stands for the kernel and for <c>TrapHandlerEmitter</c>.</summary>
sealed class Delivery(Setup setup)
{
    /// <summary>As the kernel raised it.</summary>
    public void Deliver(State s, int t, Moves moves)
    {
        if (!Reaches(s, t, moves)) return;
        if (s.Action == TrapAction.Programs && !s[t].IsChild) GiveToProgram(s, t, moves);
        else Answer(s, t, moves);
    }

    /// <summary>The guard has answered it and died before it could suppress it.</summary>
    public void DeliverMarked(State s, int t, Moves moves)
    {
        if (!Reaches(s, t, moves)) return;
        if (s.Action == TrapAction.Programs || !setup.Has(Rules.Mark))
            moves.Break("thread {0}: the program gets a SIGTRAP that the guard had answered", t);
        else
            moves.To(Back(s, t, s[t]), "thread {0}: the trap handler finds its trap answered", t);
    }

    /// <summary>The questions of I7, asked by the handler.</summary>
    public void Answer(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        if (thread.Sent && setup.Has(Rules.ForeignTrapsFirst)) GiveToProgram(s, t, moves);
        else if (thread.Sent) moves.Break("thread {0}: the trap handler takes a SIGTRAP that was sent for a breakpoint's", t);
        else if (thread.Place != Place.Behind) GiveToProgram(s, t, moves);
        else if (Head(s, thread) != Form.Int3)
            moves.To(Back(s, t, thread.At(Place.Head, thread.Site)), "thread {0}: the trap handler finds the breakpoint of site {1} gone, goes back to it", t, thread.Site);
        else
            moves.To(Back(s, t, thread.At(Place.Copy, thread.Site)), "thread {0}: the trap handler does what site {1} is becoming", t, thread.Site);
    }

    static Form Head(State s, TargetThread thread)
    {
        if (!thread.IsChild) return s.Head(thread.Site);
        return thread.MaySeeHead(thread.Site, Form.Int3) ? Form.Int3 : Form.New;
    }

    static State Back(State s, int t, TargetThread thread) => s.With(t, s.Fresh(thread.Now(Mode.Running)));

    public static void GiveToProgram(State s, int t, Moves moves)
    {
        TargetThread thread = s[t];
        if (!thread.Sent) moves.Break("thread {0} is ended by the breakpoint of site {1}: nobody answers it", t, thread.Site);
        else moves.To(Back(s, t, thread.WithSent(false)), "thread {0}: the program gets the SIGTRAP that it was sent", t);
    }

    /// <summary>Where the action is reset the process ends; docs/limits.md says when that may be.</summary>
    static bool Reaches(State s, int t, Moves moves)
    {
        if (s.Action is TrapAction.Programs or TrapAction.Ours || s[t].IsChild) return true;
        if (s.Action == TrapAction.Lost)
            moves.Break("thread {0} ends the process by SIGTRAP: the action was reset, and not put back between two steps of the window", t);
        else
            moves.To(new State().At(Step.Ended), "the process ends: the action for SIGTRAP is reset and the tracer dead (docs/limits.md)");
        return false;
    }
}
