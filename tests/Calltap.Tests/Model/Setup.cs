namespace Calltap.Tests.Model;

/// <summary>How large a model is, and what may happen in it.</summary>
sealed record Setup
{
    public int Threads { get; init; } = 2;

    /// <summary>For each site whether its region holds several instructions.</summary>
    public bool[] SeveralInstructions { get; init; } = [true];

    /// <summary>The first turn of the sites.</summary>
    public Turn First { get; init; } = Turn.MakeCall;

    /// <summary>Windows follow one another for ever, each with the next turn; else there is one.</summary>
    public bool Cycles { get; init; } = true;

    /// <summary>Signals whose handlers go back into a region.</summary>
    public bool Signals { get; init; }

    /// <summary>Handlers of such signals run with SIGTRAP blocked, and interrupt anything.</summary>
    public bool HandlersBlockTraps { get; init; }

    /// <summary>SIGTRAP is sent to threads.</summary>
    public bool SentTraps { get; init; }

    /// <summary>One is sent while the thread executes a breakpoint: the kernel drops the breakpoint's (legacy_queue in kernel/signal.c).</summary>
    public bool TrapsCollide { get; init; }

    /// <summary>The last thread blocks SIGTRAP for good.</summary>
    public bool LastBlocksTraps { get; init; }

    /// <summary>A thread may fork in a window.</summary>
    public bool Forks { get; init; }

    /// <summary>A window may fail up to the end of step 3.</summary>
    public bool Rollbacks { get; init; } = true;

    /// <summary>The tracer may be killed.</summary>
    public bool Deaths { get; init; } = true;

    /// <summary>Traps are answered by the handler while the guard is there (<c>TextPoker.AnswersInTarget</c>).</summary>
    public bool AnswersInTarget { get; init; }

    /// <summary>Nobody is traced: the handler answers, and threads are looked at from outside (<c>TextPoker.WithoutPtrace</c>).</summary>
    public bool Onlooks { get; init; }

    /// <summary>A thread at a breakpoint waits there for its group's last pass (<c>ParkPolicy</c>).</summary>
    public bool Parks { get; init; }

    /// <summary>Each site is a group of its own, one after another in the window (<c>PokePlan.Arrange</c>).</summary>
    public bool Groups { get; init; }

    /// <summary>The helper makes the passes, from lists (<c>WindowPasses.ByHelper</c>).</summary>
    public bool ByHelper { get; init; }

    /// <summary>Rules left out on purpose.</summary>
    public Rules LeftOut { get; init; }

    public int Sites => SeveralInstructions.Length;

    /// <summary>The slot of a fork's child.</summary>
    public int Child => Threads;

    public bool Has(Rules rule) => (LeftOut & rule) == 0;

    public bool BlocksTraps(int thread) => LastBlocksTraps && thread == Threads - 1;

    /// <summary>Whether this form of the site's bytes is the original code, not a jump.</summary>
    public static bool IsOriginal(Turn turn, Form form) => form switch
    {
        Form.Old => turn == Turn.MakeCall,
        Form.New => turn == Turn.MakeNop,
        _ => false,
    };

    /// <summary><c>Poke.NeedsClearing</c>: several instructions give way to one.</summary>
    public bool NeedsClearing(State state, int site) => SeveralInstructions[site] && state.Turn(site) == Turn.MakeCall;

    /// <summary>The sites that change now, by <c>PokePlan.Arrange</c>: first those in whose regions nobody can stand.</summary>
    public ReadOnlySpan<int> Group(State s)
    {
        if (!Groups) return s_all.AsSpan(0, Sites);
        int first = Sites > 1 && NeedsClearing(s, 0) && !NeedsClearing(s, 1) ? 1 : 0;
        return s_all.AsSpan(s.Group == 0 ? first : 1 - first, 1);
    }

    static readonly int[] s_all = [.. Enumerable.Range(0, State.MaxSites)];

    /// <summary><c>PokeGroup.NeedsClearing</c>.</summary>
    public bool NeedsClearing(State s)
    {
        foreach (int site in Group(s))
            if (NeedsClearing(s, site)) return true;
        return false;
    }

    /// <summary><c>RegionMap.Activate</c>: whether the guard sees threads out of this region.</summary>
    public bool IsCleared(State s, int site) =>
        NeedsClearing(s, site) && (!Has(Rules.RegionsOfTheGroupOnly) || Group(s).Contains(site));

    /// <summary>The region that a saved context on the thread's stack points into is left out (<c>StackScan</c>).</summary>
    public State Scan(State s, TargetThread thread)
    {
        if (thread.Saved < Saved.BehindFirst || s.Step != Step.Clear || !Has(Rules.StackScan)) return s;
        int site = thread.Saved - Saved.BehindFirst;
        return IsCleared(s, site) ? s.WithDeferred(site) : s;
    }

    /// <summary>The helper makes this step by itself.</summary>
    public bool InList(State s) => s.Listed
        && (s.Step is Step.Breakpoints or Step.SyncBreakpoints or Step.Tails or Step.SyncTails or Step.Heads or Step.SyncHeads || (s.Step == Step.BeginTails && !NeedsClearing(s)));

    /// <summary>It is the first of its list, which may not have been handed over yet.</summary>
    public bool AtListStart(State s) => s.Done == 0 && (s.Step == Step.Breakpoints || (s.Step == Step.Tails && NeedsClearing(s)));

    public State Start()
    {
        State state = default;
        for (int i = 0; i < State.MaxThreads; i++)
            state = state.With(i, i < Threads ? new TargetThread() : TargetThread.Absent);
        for (int site = 0; site < Sites; site++) state = state.WithTurn(site, First);
        return state.SyncCores();
    }
}
