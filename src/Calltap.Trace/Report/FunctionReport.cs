namespace Calltap.Trace;

/// <summary>Statistics of one function, or of what else a report has a line for (<see cref="ReportBy"/>). Times are nanoseconds over the calls whose end is known; null when there is none.</summary>
public sealed record FunctionReport
{
    /// <summary>Demangled name; that of the module, the thread, or the calling function.</summary>
    public required string Name { get; init; }

    /// <summary>File name of its module; empty for a thread or a module.</summary>
    public required string Module { get; init; }

    /// <summary>The thread's own id, by thread.</summary>
    public Tid? Tid { get; init; }

    /// <summary>Its process, by thread.</summary>
    public Pid? Pid { get; init; }

    /// <summary>Number of entry events.</summary>
    public required long Calls { get; init; }

    /// <summary>Time in the function and what it called; calls inside a call of the same function (module, thread) are not counted again.</summary>
    public required long? TotalNs { get; init; }

    /// <summary>Time in the function alone, less the traced calls it made.</summary>
    public required long? SelfNs { get; init; }

    /// <summary>Shortest call.</summary>
    public required long? MinNs { get; init; }

    /// <summary>Mean over all calls, recursive ones too.</summary>
    public required long? AvgNs { get; init; }

    /// <summary>Longest call.</summary>
    public required long? MaxNs { get; init; }

    /// <summary>Median, within 0.8 %.</summary>
    public required long? P50Ns { get; init; }

    /// <summary>99th percentile, within 0.8 %.</summary>
    public required long? P99Ns { get; init; }
}
