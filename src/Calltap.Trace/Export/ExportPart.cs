namespace Calltap.Trace;

/// <summary>Which part of a trace is exported; without anything said, all of it.</summary>
public sealed record ExportPart
{
    /// <summary>Threads by their ids in the file; null: all.</summary>
    public IReadOnlySet<Tid>? Threads { get; init; }

    /// <summary>Events outside are taken as if there were none.</summary>
    public TimeWindow Window { get; init; } = TimeWindow.All;

    /// <summary>Which calls.</summary>
    public CallScope Scope { get; init; } = CallScope.All;
}
