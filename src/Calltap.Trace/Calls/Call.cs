namespace Calltap.Trace;

/// <summary>A call that has ended, or whose end will never be known.</summary>
public readonly record struct Call
{
    /// <summary>Number of this call in its thread, by entry, from 0, among those in scope.</summary>
    public required long Index { get; init; }

    /// <summary><see cref="Index"/> of the traced caller; -1 for the outermost one in scope on a stack.</summary>
    public required long Parent { get; init; }

    /// <summary>The function.</summary>
    public required FunctionId Function { get; init; }

    /// <summary>Number of traced callers in scope on the same stack.</summary>
    public required int Depth { get; init; }

    /// <summary>Time of the entry event.</summary>
    public required TscTime Start { get; init; }

    /// <summary>Time of the event that ended or revealed the end; null when unknown.</summary>
    public required TscTime? End { get; init; }

    /// <summary>
    /// Ticks not spent in traced calls from here; null when unknown, also because the end of one of those calls is.
    /// </summary>
    public required ulong? SelfTicks { get; init; }

    /// <summary>How it ended.</summary>
    public required EndedBy EndedBy { get; init; }

    /// <summary>Whether no other call of the function in scope was open in the thread: adding only these up counts no time twice.</summary>
    public required bool IsOutermost { get; init; }

    /// <summary>What it is added up with (<see cref="CallGroups"/>).</summary>
    internal int Group { get; init; }

    /// <summary>Ticks from entry to end, never negative; null when unknown.</summary>
    public ulong? Ticks => End is { } end ? CallTime.Between(Start.Value, end.Value) : null;
}
