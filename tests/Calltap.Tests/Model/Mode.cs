namespace Calltap.Tests.Model;

/// <summary>What a thread does.</summary>
enum Mode
{
    Running,

    /// <summary>In a system call.</summary>
    Asleep,

    /// <summary>Waits in the kernel for the page under its pc.</summary>
    Blocked,

    /// <summary>It has executed a breakpoint; SIGTRAP is queued and not yet reported to anybody.</summary>
    TrapTaken,

    /// <summary>PTRACE_INTERRUPT's stop.</summary>
    Interrupted,

    /// <summary>The same, in a system call.</summary>
    InterruptedInCall,

    /// <summary>The same, with a breakpoint's SIGTRAP queued.</summary>
    InterruptedTrapTaken,

    /// <summary>Stopped with another signal, whose handler runs next.</summary>
    SignalStop,

    /// <summary>Stopped with SIGTRAP.</summary>
    TrapStop,

    /// <summary>The guard has read the site's first byte, a breakpoint, and marked the signal; the registers are as they were.</summary>
    Hit,

    /// <summary>The same, and the breakpoint was gone.</summary>
    Late,

    /// <summary>The guard has set the registers; the marked signal is not suppressed yet.</summary>
    Answered,

    /// <summary>The same, and it is to wait at the site.</summary>
    Parking,

    /// <summary>It waits at the site: its stop is taken, its signal gone.</summary>
    Parked,

    /// <summary>In our trap handler, called while a guard is there, or an onlooker.</summary>
    InHandler,

    /// <summary>In fork: the copy is made, nobody has been told.</summary>
    Forking,

    /// <summary>The same, begun when no guard was there: nobody will be told.</summary>
    ForkingUnreported,

    /// <summary>A fork's child, kept stopped by the guard.</summary>
    Held,

    /// <summary>Does not exist.</summary>
    Absent,
}
