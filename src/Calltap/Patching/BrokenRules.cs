namespace Calltap.Patching;

/// <summary>
/// Rules of the protocol that a window leaves out on purpose: the positive controls of tests, which must see the fault
/// that each rule prevents. None outside tests.
/// </summary>
[Flags]
enum BrokenRules
{
    /// <summary>The protocol as it is.</summary>
    None = 0,

    /// <summary>No core is serialised between the passes (I2, I3).</summary>
    NoSync = 1,

    /// <summary>A breakpoint that is gone is answered as if it stood (I7, question 2).</summary>
    NoLateTraps = 2,

    /// <summary>Tails change while the old heads stand (I2).</summary>
    TailsBeforeBreakpoints = 4,

    /// <summary>Threads may stand in regions whose tails change (I4).</summary>
    RegionsNotCleared = 8,

    /// <summary>Sites are forgotten when their window closes (I5).</summary>
    SitesForgotten = 16,

    /// <summary>New heads are written over old tails (I3).</summary>
    HeadsBeforeTails = 32,

    /// <summary>Saved contexts on stacks are not looked for (I4).</summary>
    NoStackScan = 64,

    /// <summary>A window closes while traps that were taken may not have been delivered (I9).</summary>
    NoDrain = 128,

    /// <summary>
    /// The trap handler stays when a window closes (I17), and knows the sites of all windows: it answers what the drain would have waited for.
    /// </summary>
    HandlerStays = 256,

    /// <summary>A system call that an interruption of ours made fail is not made again (A14).</summary>
    CallsNotRepeated = 512,

    /// <summary>A thread that blocks SIGTRAP is left with what the kernel makes of its mask at a breakpoint (A24).</summary>
    BlockedTrapsNotMended = 1024,

    /// <summary>A thread in a group stop is continued like any other (A29).</summary>
    GroupStopsContinued = 2048,

    /// <summary>Pages are written that may have become another's since the window opened.</summary>
    MappingsNotLookedAt = 4096,
}
