namespace Calltap.Patching;

/// <summary>What the guard did in a window, or in all windows of a session.</summary>
public struct TrapCounts
{
    /// <summary>Breakpoints of ours that a thread hit.</summary>
    public long Hits { get; set; }

    /// <summary>Answered as the jump being written.</summary>
    public long EmulatedJumps { get; set; }

    /// <summary>Answered as the call being written.</summary>
    public long EmulatedCalls { get; set; }

    /// <summary>Answered as the nop being written.</summary>
    public long EmulatedNops { get; set; }

    /// <summary>Answered as the return being written.</summary>
    public long EmulatedReturns { get; set; }

    /// <summary>Threads that waited at the site for the last pass.</summary>
    public long Parked { get; set; }

    /// <summary>Calls that came to the caller which asks the ops, and that all of them refused.</summary>
    public long Refused { get; set; }

    /// <summary>Breakpoints that were gone when the trap was looked at: rewound.</summary>
    public long Late { get; set; }

    /// <summary>Traps that were not ours: given to the target.</summary>
    public long Foreign { get; set; }

    /// <summary>Threads moved out of a region.</summary>
    public long Moved { get; set; }

    /// <summary>Threads interrupted.</summary>
    public long Interrupted { get; set; }

    /// <summary>System calls restarted because our interruption had cut them short.</summary>
    public long Restarted { get; set; }

    /// <summary>Answered by the trap handler in the target, because no tracer did.</summary>
    public long AnsweredInTarget { get; set; }

    /// <summary>Traps at one of our sites that no rule could answer: always 0, or the session is over.</summary>
    public long Misdirected { get; set; }

    /// <summary>Traps answered by emulation.</summary>
    public readonly long Emulated => EmulatedJumps + EmulatedCalls + EmulatedNops + EmulatedReturns;

    /// <summary>Adds another window's counts.</summary>
    public void Add(in TrapCounts other)
    {
        Hits += other.Hits;
        EmulatedJumps += other.EmulatedJumps;
        EmulatedCalls += other.EmulatedCalls;
        EmulatedNops += other.EmulatedNops;
        EmulatedReturns += other.EmulatedReturns;
        Parked += other.Parked;
        Refused += other.Refused;
        Late += other.Late;
        Foreign += other.Foreign;
        Moved += other.Moved;
        Interrupted += other.Interrupted;
        Restarted += other.Restarted;
        AnsweredInTarget += other.AnsweredInTarget;
        Misdirected += other.Misdirected;
    }
}
