namespace Calltap.Tests.Model;

/// <summary>The target's action for SIGTRAP.</summary>
enum TrapAction
{
    /// <summary>The program's own.</summary>
    Programs,

    /// <summary>Our trap handler.</summary>
    Ours,

    /// <summary>The default: a breakpoint hit a thread that blocks SIGTRAP; its trap is not answered yet.</summary>
    Reset,

    /// <summary>The guard knows of the reset.</summary>
    ResetNoticed,

    /// <summary>The guard has answered the trap, and does not know of the reset.</summary>
    ResetUnnoticed,

    /// <summary>The writer has gone past the place where it puts the handler back, and has not.</summary>
    Lost,
}
