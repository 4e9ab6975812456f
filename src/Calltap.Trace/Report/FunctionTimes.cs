using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Calltap.Trace;

/// <summary>
/// What the calls of one group add up to, in ticks. A mutable struct, so that those of all groups lie in one array, with the last few durations within: with
/// tens of thousands of functions each further object is a cache miss per call.
/// </summary>
/// <remarks>Durations go into the histogram a batch at a time: its buckets are out of every cache, and the misses of one batch overlap.</remarks>
struct FunctionTimes
{
    const int Batch = 16;

    ulong _total;
    ulong _self;
    int _waits;
    Waiting _waiting;
    DurationHistogram? _durations;
    ulong _invertedMin; // so that zero is the start
    ulong _max;
    ulong _sum;
    ulong _sumOverflows;
    long _unknown;
    long _selfUnknown;

    [InlineArray(Batch)]
    struct Waiting
    {
        uint _first;
    }

    /// <summary>Number of calls.</summary>
    public readonly long Calls => Known + _unknown;

    readonly long Known => (_durations?.Count ?? 0) + _waits;

    /// <summary>How long the calls took whose end is known.</summary>
    public readonly IEnumerable<(ulong Ticks, long Calls)> Durations => _durations?.Counts ?? [];

    /// <summary>Adds a call that ended.</summary>
    public void Add(in Call call)
    {
        if (call.Ticks is not { } ticks)
        {
            _unknown++;
            _selfUnknown++;
        }
        else if (call.SelfTicks is { } self)
        {
            Add(ticks, self, call.IsOutermost);
        }
        else
        {
            AddWithoutSelf(ticks, call.IsOutermost);
        }
    }

    /// <summary>Adds a call that called one whose time is unknown.</summary>
    public void AddWithoutSelf(ulong ticks, bool isOutermost)
    {
        Add(ticks, 0, isOutermost);
        _selfUnknown++;
    }

    /// <summary>Adds a call of which everything is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong ticks, ulong self, bool isOutermost)
    {
        _self = Saturate(_self, self);
        if (isOutermost)
            _total = Saturate(_total, ticks);
        if (ticks > uint.MaxValue)
        {
            AddLong(ticks);
            return;
        }

        if (_waits == Batch)
            Spill();
        _waiting[_waits++] = (uint)ticks;
    }

    /// <summary>Adds what another one adds up to, which is not to be used any more.</summary>
    public void Add(ref FunctionTimes other)
    {
        Spill();
        other.Spill();
        _self = Saturate(_self, other._self);
        _total = Saturate(_total, other._total);
        AddToSum(other._sum);
        _sumOverflows += other._sumOverflows;
        _invertedMin = Math.Max(_invertedMin, other._invertedMin);
        _max = Math.Max(_max, other._max);
        _unknown += other._unknown;
        _selfUnknown += other._selfUnknown;
        if (_durations is null)
            _durations = other._durations;
        else if (other._durations is { } durations)
            _durations.Add(durations);
    }

    /// <summary>The numbers for people.</summary>
    public FunctionReport ToReport(string name, string module, TraceClock clock)
    {
        long known = Known;
        Spill();
        DurationHistogram durations = _durations ?? new DurationHistogram();
        ulong min = ~_invertedMin, max = _max;
        long? Ns(ulong? ticks) => known > 0 && ticks is { } value ? clock.ToNs(value) : null;
        // The middle of the outermost buckets may lie beyond what was seen.
        ulong? Within(ulong? ticks) => ticks is { } value ? Math.Clamp(value, min, max) : null;
        return new FunctionReport
        {
            Name = name,
            Module = module,
            Calls = Calls,
            TotalNs = Ns(_total),
            SelfNs = Calls > _selfUnknown ? Ns(_self) : null,
            MinNs = Ns(min),
            AvgNs = known > 0 ? Ns((ulong)Math.Round(((_sumOverflows * (ulong.MaxValue + 1.0)) + _sum) / known)) : null,
            MaxNs = Ns(max),
            P50Ns = Ns(Within(durations.Percentile(50))),
            P99Ns = Ns(Within(durations.Percentile(99))),
        };
    }

    // What is the same for all calls is done for a batch at once.
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Spill()
    {
        ReadOnlySpan<uint> batch = _waiting[.._waits];
        if (batch.IsEmpty)
            return;
        (uint least, uint most, ulong sum) = batch.Length == Batch ? OfBatch(batch) : OfSome(batch);
        AddToSum(sum);
        _invertedMin = Math.Max(_invertedMin, ~(ulong)least);
        _max = Math.Max(_max, most);
        (_durations ??= new DurationHistogram()).AddMany(batch);
        _waits = 0;
    }

    static (uint Least, uint Most, ulong Sum) OfBatch(ReadOnlySpan<uint> batch)
    {
        Vector256<uint> first = Vector256.Create(batch), second = Vector256.Create(batch[Vector256<uint>.Count..]);
        Vector256<uint> minima = Vector256.Min(first, second), maxima = Vector256.Max(first, second);
        Vector128<uint> least = Vector128.Min(minima.GetLower(), minima.GetUpper()), most = Vector128.Max(maxima.GetLower(), maxima.GetUpper());
        Vector256<ulong> sums = Vector256.WidenLower(first) + Vector256.WidenUpper(first) + Vector256.WidenLower(second) + Vector256.WidenUpper(second);
        return (Math.Min(Math.Min(least[0], least[1]), Math.Min(least[2], least[3])), Math.Max(Math.Max(most[0], most[1]), Math.Max(most[2], most[3])), Vector256.Sum(sums));
    }

    static (uint Least, uint Most, ulong Sum) OfSome(ReadOnlySpan<uint> some)
    {
        (uint least, uint most, ulong sum) = (uint.MaxValue, 0, 0);
        foreach (uint ticks in some)
            (least, most, sum) = (Math.Min(least, ticks), Math.Max(most, ticks), sum + ticks);
        return (least, most, sum);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void AddLong(ulong ticks)
    {
        AddToSum(ticks);
        _invertedMin = Math.Max(_invertedMin, ~ticks);
        _max = Math.Max(_max, ticks);
        (_durations ??= new DurationHistogram()).Add(ticks);
    }

    void AddToSum(ulong ticks)
    {
        _sum = unchecked(_sum + ticks);
        _sumOverflows += _sum < ticks ? 1UL : 0;
    }

    static ulong Saturate(ulong sum, ulong more)
    {
        ulong both = unchecked(sum + more);
        return both < sum ? ulong.MaxValue : both;
    }
}
