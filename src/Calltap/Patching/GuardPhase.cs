namespace Calltap.Patching;

/// <summary>What the guard does besides answering traps.</summary>
enum GuardPhase
{
    /// <summary>Nothing.</summary>
    Answer,

    /// <summary>
    /// Before the first breakpoint: sees that no thread is in the middle of making a thread or process that began
    /// before it was seized, and that would not be reported.
    /// </summary>
    Enter,

    /// <summary>Sees that no thread is, or will come back, inside a region.</summary>
    Clear,

    /// <summary>Sees that no thread holds a trap that it has taken and not yet reported.</summary>
    Drain,

    /// <summary>Resumes everybody and leaves.</summary>
    Close,
}
