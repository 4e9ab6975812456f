namespace Calltap.Tests.Model;

/// <summary>Rules that the model can leave out, one at a time, to show what each prevents.</summary>
[Flags]
public enum Rules
{
    None = 0,

    /// <summary>A sync between the breakpoints and the tails (I2).</summary>
    SyncAfterBreakpoints = 1 << 0,

    /// <summary>A sync between the tails and the heads (I3).</summary>
    SyncAfterTails = 1 << 1,

    /// <summary>A sync between the heads and the drain (I9).</summary>
    SyncAfterHeads = 1 << 2,

    /// <summary>A sync when heads go back, too (I9).</summary>
    SyncAfterRollback = 1 << 3,

    /// <summary>Breakpoints before tails (I2).</summary>
    BreakpointsBeforeTails = 1 << 4,

    /// <summary>Tails before heads (I3).</summary>
    TailsBeforeHeads = 1 << 5,

    /// <summary>Regions are empty when their tails change (I4).</summary>
    RegionsCleared = 1 << 6,

    /// <summary>Stacks are scanned for saved contexts (I4).</summary>
    StackScan = 1 << 7,

    /// <summary>A site is known as long as the session lives (I5).</summary>
    SitesRemembered = 1 << 8,

    /// <summary>A trap whose breakpoint is gone is taken back (I7, question 2); else it is answered as if the breakpoint stood.</summary>
    LateTraps = 1 << 9,

    /// <summary>Question 1 of I7 before question 2.</summary>
    ForeignTrapsFirst = 1 << 10,

    /// <summary>A stopped thread is asked for a trap not yet delivered (I8).</summary>
    QueuedTrapLook = 1 << 11,

    /// <summary>A sleeper at the byte behind a site does not count as seen (I9).</summary>
    PcBehindSite = 1 << 12,

    /// <summary>The window closes when every trap has been answered (I9).</summary>
    Drain = 1 << 13,

    /// <summary>The drain waits for forks that are under way (I14).</summary>
    ForksAwaited = 1 << 14,

    /// <summary>A handler stands in the target (I17).</summary>
    Handler = 1 << 15,

    /// <summary>The table says <em>heads only</em> before the first breakpoint (I17).</summary>
    HeadsOnlyFirst = 1 << 16,

    /// <summary>The table says <em>tails</em> before the first tail (I17).</summary>
    TailsStateFirst = 1 << 17,

    /// <summary>The helper goes on, not back, once tails may have changed (I17).</summary>
    HelperGoesOn = 1 << 18,

    /// <summary>The helper serialises the cores between tails and heads (I17).</summary>
    HelperSync = 1 << 19,

    /// <summary>A trap that the guard is answering is marked.</summary>
    Mark = 1 << 20,

    /// <summary>The writer asks whether the handler still stands; else the guard must have seen a thread block SIGTRAP when it was seized.</summary>
    ActionAsked = 1 << 21,

    /// <summary>No breakpoint before every fork that began unreported is over (I14).</summary>
    Enter = 1 << 22,

    /// <summary>Where traps are answered in the target: a thread in the handler does not count as drained. Harmless to leave out, here.</summary>
    HandlerSeen = 1 << 23,

    /// <summary>The table says <em>heads only</em> again before a later group's first breakpoint (I17).</summary>
    HeadsOnlyAgain = 1 << 24,

    /// <summary>Each group's regions are looked for anew: the guard has left the phase in between (I4).</summary>
    ClearedAnew = 1 << 25,

    /// <summary>No other group's regions count when one is cleared: they have changed already, or are not to change yet.</summary>
    RegionsOfTheGroupOnly = 1 << 26,

    /// <summary>A list that makes all passes says <em>tails</em> in the table by itself (I17).</summary>
    StateInList = 1 << 27,

    /// <summary>A thread to be parked is put to the site before its stop is taken (I17).</summary>
    ParkedAtSite = 1 << 28,

    /// <summary>The stack of a thread that runs is read between two samples of it; else after one.</summary>
    SecondSample = 1 << 29,

    /// <summary>It counts only if the thread has taken no signal from before the first to after the second.</summary>
    SignalsCounted = 1 << 30,
}
