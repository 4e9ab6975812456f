namespace Calltap.Trace;

/// <summary>What of a trace is replayed, and how.</summary>
public sealed record ReplayOptions
{
    /// <summary>Only these threads, by their ids in the file; null: all.</summary>
    public IReadOnlySet<Tid>? Only { get; init; }

    /// <summary>Only the events in it, as if there were no others.</summary>
    public TimeWindow Window { get; init; } = TimeWindow.All;

    /// <summary>Only these calls.</summary>
    public CallScope Scope { get; init; } = CallScope.All;

    /// <summary>Calls that took less are left out, with what they called.</summary>
    public ulong MinTicks { get; init; }

    /// <summary>One line an event, with its time, instead of nested calls.</summary>
    public bool IsFlat { get; init; }
}
