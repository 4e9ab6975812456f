namespace Calltap.Trace;

/// <summary>
/// What the calls of one function add up to, in ticks. A mutable struct, so that those of all functions lie in one array: with
/// tens of thousands of functions each further object is a cache miss per call.
/// </summary>
struct FunctionTimes
{
    DurationHistogram? _durations;
    double _sum;
    ulong _total;
    ulong _self;
    ulong _min;
    ulong _max;
    long _selfKnown;

    /// <summary>Number of calls.</summary>
    public long Calls { readonly get; private set; }

    /// <summary>How long the calls took whose end is known.</summary>
    public readonly IEnumerable<(ulong Ticks, long Calls)> Durations => _durations?.Counts ?? [];

    /// <summary>Adds a call that ended.</summary>
    public void Add(in Call call)
    {
        Calls++;
        if (call.SelfTicks is { } self)
        {
            _self = Saturate(_self, self);
            _selfKnown++;
        }

        if (call.Ticks is not { } ticks)
            return;
        _min = _durations is null ? ticks : Math.Min(_min, ticks);
        (_durations ??= new DurationHistogram()).Add(ticks);
        _sum += (long)ticks;
        _max = Math.Max(_max, ticks);
        if (call.IsOutermost)
            _total = Saturate(_total, ticks);
    }

    /// <summary>Adds what another one adds up to, which is not to be used any more.</summary>
    public void Add(in FunctionTimes other)
    {
        if (other._durations is { } durations)
        {
            _min = _durations is null ? other._min : Math.Min(_min, other._min);
            if (_durations is null)
                _durations = durations;
            else
                _durations.Add(durations);
        }

        Calls += other.Calls;
        _sum += other._sum;
        _total = Saturate(_total, other._total);
        _self = Saturate(_self, other._self);
        _max = Math.Max(_max, other._max);
        _selfKnown += other._selfKnown;
    }

    /// <summary>The numbers for people.</summary>
    public readonly FunctionReport ToReport(string name, string module, TraceClock clock)
    {
        long known = _durations?.Count ?? 0;
        long? Ns(ulong? ticks) => known > 0 && ticks is { } value ? clock.ToNs(value) : null;
        return new FunctionReport
        {
            Name = name,
            Module = module,
            Calls = Calls,
            TotalNs = Ns(_total),
            SelfNs = _selfKnown > 0 ? Ns(_self) : null,
            MinNs = Ns(_min),
            AvgNs = known > 0 ? Ns((ulong)Math.Round(_sum / known)) : null,
            MaxNs = Ns(_max),
            P50Ns = Ns(Within(_durations?.Percentile(50))),
            P99Ns = Ns(Within(_durations?.Percentile(99))),
        };
    }

    // The middle of the outermost buckets may lie beyond what was seen.
    readonly ulong? Within(ulong? ticks) => ticks is { } value ? Math.Clamp(value, _min, _max) : null;

    static ulong Saturate(ulong sum, ulong more) => sum > ulong.MaxValue - more ? ulong.MaxValue : sum + more;
}
