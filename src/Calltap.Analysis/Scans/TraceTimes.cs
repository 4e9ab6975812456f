using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>Times as the tables have them: nanoseconds since the first event of the trace.</summary>
sealed class TraceTimes(TraceReader trace)
{
    readonly TraceClock _clock = trace.Catalog.Clock;
    readonly ulong _origin = trace.EventChunks.Select(chunk => chunk.First.Value).DefaultIfEmpty().Min();

    /// <summary>A moment; negative before the first event, which clocks that go back may give.</summary>
    public long Of(TscTime time) => time.Value >= _origin ? _clock.ToNs(time.Value - _origin) : -_clock.ToNs(_origin - time.Value);

    /// <summary>A length of time.</summary>
    public long Of(ulong ticks) => _clock.ToNs(ticks);
}
