namespace Calltap.Tests.Model;

/// <summary>All that can happen in a state, and what must hold in a state of rest.</summary>
sealed class Protocol(Setup setup)
{
    readonly ThreadMoves _threads = new(setup, new Delivery(setup));
    readonly GuardMoves _guard = new(setup);
    readonly OnlookerMoves _onlooker = new(setup);
    readonly WriterMoves _writer = new(setup);
    readonly EndMoves _end = new(setup);

    public Setup Setup { get; } = setup;

    public State Start { get; } = setup.Start();

    /// <summary>Threads that differ in nothing but their names are the same state whichever is which.</summary>
    public State Sorted(State s)
    {
        int alike = Setup.Threads - (Setup.LastBlocksTraps ? 1 : 0);
        if (alike >= 2 && s.First > s.Second) s = s with { First = s.Second, Second = s.First };
        if (alike < 3) return s;
        if (s.Second > s.Third) s = s with { Second = s.Third, Third = s.Second };
        return s.First > s.Second ? s with { First = s.Second, Second = s.First } : s;
    }

    /// <summary>A window is over, one way or another.</summary>
    public static bool IsRest(State s) => s.Step is Step.Over or Step.Ended || (s.Step == Step.Idle && s.Tracer == Tracer.Alive);

    public void AddMoves(State s, Moves moves)
    {
        moves.Clear();
        if (s.Step == Step.Ended) return;
        if (IsRest(s)) Check(s, moves);
        for (int t = 0; t < Setup.Threads + (Setup.Forks ? 1 : 0); t++)
        {
            _threads.Add(s, t, moves);
            if (s.Guarded && t < Setup.Threads) _guard.Add(s, t, moves);
            if (Setup.Onlooks) _onlooker.Add(s, t, moves);
        }
        _writer.Add(s, moves);
        _end.Add(s, moves);
    }

    /// <summary>Every byte is whole, no breakpoint stands, nothing of ours is left in the way.</summary>
    void Check(State s, Moves moves)
    {
        for (int site = 0; site < Setup.Sites; site++)
        {
            if (s.Head(site) == Form.Int3) moves.Break("a breakpoint is left at site {1}", site: site);
            else if (s.Head(site) != s.Tail(site)) moves.Break("head and tail of site {1} do not belong together", site: site);
            else if (s.Head(site) == Form.New && s.Deferred(site)) moves.Break("site {1} is taken for left out, and was changed", site: site);
        }
        if (s.Table != TableState.Closed) moves.Break("the table does not say closed");
        if (s.Step == Step.Idle && (s.Action != TrapAction.Programs || s.Guarded)) moves.Break("the program's action for SIGTRAP is not back");
    }
}
