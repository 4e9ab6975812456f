namespace Calltap.Trace;

/// <summary>A line of a replay before it is text.</summary>
readonly record struct ReplayLine
{
    /// <summary>What it tells.</summary>
    public required ReplayLineKind Kind { get; init; }

    /// <summary>How the call ended, where it did.</summary>
    public EndedBy How { get; init; }

    /// <summary>Whose line it is.</summary>
    public required Tid Thread { get; init; }

    /// <summary>The function; of a loss its number in <see cref="ReplayLosses"/>.</summary>
    public int Function { get; init; }

    /// <summary>Depth of the call.</summary>
    public int Depth { get; init; }

    /// <summary>When it was.</summary>
    public ulong Time { get; init; }

    /// <summary>How long the call took; null when that is not known.</summary>
    public ulong? Ticks { get; init; }
}

/// <summary>What a line of a replay tells.</summary>
enum ReplayLineKind
{
    /// <summary>A call began.</summary>
    Entry = 0,

    /// <summary>A call that made none began and ended.</summary>
    Leaf = 1,

    /// <summary>A call ended.</summary>
    End = 2,

    /// <summary>A call ended whose beginning is not in the trace.</summary>
    OrphanExit = 3,

    /// <summary>Events are missing.</summary>
    Loss = 4,
}
