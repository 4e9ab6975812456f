namespace Calltap.Trace;

/// <summary>A trace in memory, ready to be looked at: its calls by thread, flame graphs, statistics. Several threads may ask at once.</summary>
public sealed class TraceView
{
    readonly Dictionary<Tid, ThreadLane> _lanes;
    readonly FunctionSums _sums;
    readonly FlameTree _flame;

    internal TraceView(TraceCatalog catalog, IReadOnlyList<ThreadLane> lanes, FunctionSums sums, FlameTree flame)
    {
        (Catalog, Lanes, _sums, _flame) = (catalog, lanes, sums, flame);
        Clock = catalog.Clock;
        _lanes = lanes.ToDictionary(lane => lane.Id);
        Functions = ReportBuilder.ReportFunctions(sums, catalog, Clock);
    }

    /// <summary>What the file says besides the events.</summary>
    public TraceCatalog Catalog { get; }

    /// <summary>Its clock.</summary>
    public TraceClock Clock { get; }

    /// <summary>The threads that have calls or losses: process by process, in the order of their first calls.</summary>
    public IReadOnlyList<ThreadLane> Lanes { get; }

    /// <summary>The functions that were called.</summary>
    public IReadOnlyList<ViewFunction> Functions { get; }

    /// <summary>Time of the first event.</summary>
    public required TscTime First { get; init; }

    /// <summary>Time of the last event.</summary>
    public required TscTime Last { get; init; }

    /// <summary>Number of events.</summary>
    public required long Events { get; init; }

    /// <inheritdoc cref="TraceReport.OrphanExits"/>
    public required long OrphanExits { get; init; }

    /// <summary>Number of calls.</summary>
    public long Calls => Lanes.Sum(lane => (long)lane.Calls);

    /// <summary>Events that were lost, of all kinds.</summary>
    public long Lost => Lanes.Sum(lane => lane.Lost);

    /// <summary>Nanoseconds from the first event to the last.</summary>
    public long DurationNs => NsAt(Last.Value);

    /// <summary>The thread with this id in the file; null when there is none.</summary>
    public ThreadLane? Lane(Tid id) => _lanes.GetValueOrDefault(id);

    /// <summary>Nanoseconds from the first event to a time.</summary>
    public long NsAt(ulong time) => time >= First.Value ? Clock.ToNs(time - First.Value) : -Clock.ToNs(First.Value - time);

    /// <summary>The time so many nanoseconds behind the first event.</summary>
    public TscTime TimeAt(double ns) => new(ns <= 0 ? First.Value : Clock.ToTicks(ns) is var ticks && ticks > ulong.MaxValue - First.Value ? ulong.MaxValue : First.Value + ticks);

    /// <summary>The flame graph of a thread, or of all.</summary>
    public FlameGraph Flame(ThreadLane? lane, FlameChoice choice) => FlameGraph.Of(lane?.Flame ?? _flame, choice);

    /// <summary>A call; null when there is none of this number.</summary>
    public static CallDetails? Describe(ThreadLane lane, int call) => (uint)call < (uint)lane.Calls ? CallDetails.Of(lane, call) : null;

    /// <summary>A function: looks at every call.</summary>
    public FunctionDetails Describe(FunctionId function) => FunctionDetails.Of(Lanes, function);

    /// <summary>How long a function's calls took.</summary>
    public IReadOnlyList<HistogramBar> Durations(FunctionId function) =>
        (uint)function.Value < (uint)_sums.Groups.Length ? HistogramBar.Of(_sums.Groups[function.Value].Durations, Clock) : [];
}
