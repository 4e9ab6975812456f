namespace Calltap.Following;

/// <summary>What has happened in a tree of processes.</summary>
enum TreeEventKind
{
    /// <summary>A process was forked, with a copy of its maker's memory; it is held.</summary>
    Forked,

    /// <summary>A process executes another program; it is held at the entry.</summary>
    Executed,

    /// <summary>A process executes another program, which runs: it could not be held at its entry.</summary>
    ExecutedUnheld,

    /// <summary>A process has ended.</summary>
    Ended,
}

/// <summary>An event of a tree of processes.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Process">To which process.</param>
/// <param name="Parent">Its maker, or who has taken it over since; default where that is not known.</param>
/// <param name="Reason">Why a program could not be held; else null.</param>
readonly record struct TreeEvent(TreeEventKind Kind, Pid Process, Pid Parent = default, string? Reason = null);
