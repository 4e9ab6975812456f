namespace Calltap.Patching;

/// <summary>What the guard does besides answering traps.</summary>
enum GuardPhase
{
    /// <summary>Nothing.</summary>
    Answer,

    /// <summary>Sees that no thread is, or will come back, inside a region.</summary>
    Clear,

    /// <summary>Sees that no thread holds a trap that it has taken and not yet reported.</summary>
    Drain,

    /// <summary>Resumes everybody and leaves.</summary>
    Close,
}
