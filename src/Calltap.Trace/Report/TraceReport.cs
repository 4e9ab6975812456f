namespace Calltap.Trace;

/// <summary>Statistics of a trace.</summary>
public sealed record TraceReport
{
    /// <summary>What there is a line for.</summary>
    public ReportBy By { get; init; }

    /// <summary>The functions that were called, or modules, threads, callers; by falling total time, then calls, then name.</summary>
    public required IReadOnlyList<FunctionReport> Functions { get; init; }

    /// <summary>Number of threads with events.</summary>
    public required int Threads { get; init; }

    /// <summary>Number of events.</summary>
    public required long Events { get; init; }

    /// <summary>Calls that were not recorded: lost entries, and holes, which may have been entries.</summary>
    public required long Lost { get; init; }

    /// <summary>Nanoseconds from the first event to the last.</summary>
    public required long DurationNs { get; init; }

    /// <summary>Exit events whose call began before the trace or was lost.</summary>
    public required long OrphanExits { get; init; }

    /// <summary>Events of sites that the trace does not describe; not 0 only for damaged or hostile contents.</summary>
    public required long UnknownSites { get; init; }
}
