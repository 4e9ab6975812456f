using System.Text;
using System.Text.Json;
using Calltap.Trace;
using CsCheck;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

public sealed class ReportTests
{
    [Fact]
    public void A_report_equals_a_naive_computation_over_a_random_program() =>
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                var program = new RandomProgram(seed);
                program.Run(600);
                TraceReport report = ReportOf(w => w.WriteEvents(new Tid(1), program.Events.ToArray()));
                Assert.Equal(program.Events.Count, report.Events);
                Assert.Equal((long)(program.Events[^1].Time.Value - program.Events[0].Time.Value), report.DurationNs);
                foreach (var calls in program.Calls.GroupBy(c => c.Function))
                    AssertSame(calls, program, report.Functions.Single(f => f.Name == Functions[calls.Key].DisplayName));
                Assert.Equal(program.Calls.Count, report.Functions.Sum(f => f.Calls));
            },
            iter: 50);

    [Fact]
    public void Recursive_calls_count_once_in_the_total_and_each_in_the_average()
    {
        FunctionReport f = ReportOf(w => w.WriteEvents(new Tid(1), [Entry(100, "f", 96), Entry(110, "f", 48), Exit(120, "f", 48), Exit(150, "f", 96)])).Functions.Single();
        Assert.Equal((2, 50, 50, 10, 30, 50), (f.Calls, f.TotalNs, f.SelfNs, f.MinNs, f.AvgNs, f.MaxNs));
    }

    [Fact]
    public void Calls_without_a_known_end_count_and_have_no_times()
    {
        TraceReport report = ReportOf(w => w.WriteEvents(new Tid(1), [Entry(1, "leaky", 64), Entry(2, "leaky", 64), Exit(5, "g", 128)]));
        FunctionReport leaky = report.Functions.Single();
        Assert.Equal((2, null, null, null, null, null, null, null), (leaky.Calls, leaky.TotalNs, leaky.SelfNs, leaky.MinNs, leaky.AvgNs, leaky.MaxNs, leaky.P50Ns, leaky.P99Ns));
        Assert.Equal((1, 0), (report.OrphanExits, report.UnknownSites));
    }

    [Fact]
    public void Losses_of_all_threads_add_up_by_their_last_record()
    {
        TraceReport report = ReportOf(w =>
        {
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(5), 10, 7, 0));
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(6), 12, 7, 1));
            w.WriteLost(new LostRecord(new Tid(2), new TscTime(6), 100, 0, 0));
        });
        Assert.Equal((113, 0, 0, 0), (report.Lost, report.Events, report.Threads, report.DurationNs));
    }

    [Fact]
    public void The_json_has_exactly_the_documented_members()
    {
        TraceReport report = ReportOf(w => w.WriteEvents(new Tid(1), [Entry(100, "main", 96), Entry(110, "leaky", 48), Exit(400, "main", 96)]));
        using var output = new MemoryStream();
        ReportJson.Write(report, output);
        Assert.Equal(
            """{"functions":[{"name":"main","module":"prog","calls":1,"total_ns":300,"self_ns":null,"min_ns":300,"avg_ns":300,"max_ns":300,"p50_ns":300,"p99_ns":300},"""
            + """{"name":"leaky","module":"prog","calls":1,"total_ns":null,"self_ns":null,"min_ns":null,"avg_ns":null,"max_ns":null,"p50_ns":null,"p99_ns":null}],"""
            + "\"threads\":1,\"events\":3,\"lost\":0,\"duration_ns\":300}",
            Encoding.UTF8.GetString(output.ToArray()));
        JsonDocument.Parse(output.ToArray()).Dispose();
    }

    [Fact]
    public void The_csv_has_a_heading_quotes_what_holds_a_comma_and_leaves_unknown_times_empty()
    {
        TraceReport report = ReportOf(w => w.WriteEvents(new Tid(1), [Entry(100, "a::b(int)", 96), Exit(400, "a::b(int)", 96), Entry(500, "leaky", 48)]));
        FunctionReport named = report.Functions[0] with { Name = "a::b(int, \"c\")" };
        using var output = new StringWriter();
        ReportCsv.Write(report with { Functions = [named, report.Functions[1]] }, output);
        Assert.Equal(
            "name,module,calls,total_ns,self_ns,min_ns,avg_ns,max_ns,p50_ns,p99_ns\n"
            + "\"a::b(int, \"\"c\"\")\",prog,1,300,300,300,300,300,300,300\nleaky,prog,1,,,,,,,\n",
            output.ToString());
    }

    [Fact]
    public void Histograms_that_are_added_count_as_one_with_all_durations() =>
        Gen.ULong[0, 1_000_000].Array[0, 200].Array[2].Sample(
            parts =>
            {
                DurationHistogram[] each = [Of(parts[0]), Of(parts[1])];
                each[0].Add(each[1]);
                DurationHistogram whole = Of([.. parts[0], .. parts[1]]);
                Assert.Equal(whole.Count, each[0].Count);
                foreach (double percent in new[] { 1.0, 50, 99 })
                    Assert.InRange((double)(each[0].Percentile(percent) ?? 0), ((whole.Percentile(percent) ?? 0) * 0.984) - 1, ((whole.Percentile(percent) ?? 0) * 1.016) + 1);
            },
            iter: 200);

    [Fact]
    public void Percentiles_are_within_one_percent_of_the_exact_ones() =>
        Gen.Select(Gen.OneOf(Gen.ULong[0, 200], Gen.ULong[0, 1_000_000], Gen.ULong), Gen.Int[0, 3]).Array[1, 2000].Sample(
            samples =>
            {
                var histogram = new DurationHistogram();
                ulong[] values = [.. samples.Select(s => s.Item1 >> (s.Item2 * 7))];
                foreach (ulong value in values)
                    histogram.Add(value);
                Array.Sort(values);
                foreach (double percent in new[] { 0, 1, 50, 90, 99, 100 })
                {
                    double exact = values[Math.Max(1, (int)Math.Ceiling(percent / 100 * values.Length)) - 1];
                    Assert.InRange((double)histogram.Percentile(percent)!.Value, (exact * (1 - (1 / 127.0))) - 0.5, (exact * (1 + (1 / 127.0))) + 0.5);
                }
            },
            iter: 300);

    [Fact]
    public void An_empty_histogram_has_no_percentile() => Assert.Null(new DurationHistogram().Percentile(50));

    [Theory]
    [InlineData(0, 1000L, 2_500_000_000L, 2500L, 1000L)]
    [InlineData(2, 1000L, 0L, 3000L, 1500L)]
    [InlineData(0, 0L, 0L, 1234L, 1234L)]
    public void The_clock_uses_two_moments_or_the_frequency_or_ticks(int moments, long start, long hz, long ticks, long ns)
    {
        ClockRecord[] records = [new(new TscTime(100), new MonotonicNs(start)), new(new TscTime(2100), new MonotonicNs(start + 1000))];
        TraceClock clock = TraceClock.From(records[..moments], hz);
        Assert.Equal(ns, clock.ToNs((ulong)ticks));
        Assert.Equal(moments > 0 || hz > 0, clock.IsCalibrated);
        if (moments > 0)
            Assert.Equal(start - 50, clock.ToMonotonic(new TscTime(0)).Value);
    }

    static DurationHistogram Of(ulong[] durations)
    {
        var histogram = new DurationHistogram();
        foreach (ulong ticks in durations)
            histogram.Add(ticks);
        return histogram;
    }

    static void AssertSame(IEnumerable<(int Function, int Depth, ulong Start, ulong End)> calls, RandomProgram program, FunctionReport actual)
    {
        var all = calls.ToArray();
        long[] durations = [.. all.Select(c => (long)(c.End - c.Start)).Order()];
        var outermost = all.Where(c => !all.Any(o => o.Start < c.Start && o.End > c.End));
        Assert.Equal(durations.Length, actual.Calls);
        Assert.Equal(outermost.Sum(c => (long)(c.End - c.Start)), actual.TotalNs);
        Assert.Equal(all.Sum(c => SelfOf(c, program)), actual.SelfNs);
        Assert.Equal((durations[0], durations[^1]), (actual.MinNs, actual.MaxNs));
        Assert.Equal((long)Math.Round(durations.Average()), actual.AvgNs);
        AssertNear(durations[(int)Math.Ceiling(durations.Length * 0.5) - 1], actual.P50Ns);
        AssertNear(durations[(int)Math.Ceiling(durations.Length * 0.99) - 1], actual.P99Ns);
    }

    static long SelfOf((int Function, int Depth, ulong Start, ulong End) call, RandomProgram program) =>
        (long)(call.End - call.Start) - program.Calls
            .Where(c => c.Depth == call.Depth + 1 && c.Start > call.Start && c.End < call.End)
            .Sum(c => (long)(c.End - c.Start));

    static void AssertNear(long exact, long? actual) => Assert.InRange(actual!.Value, (long)(exact * 0.992) - 1, (long)(exact * 1.008) + 1);

    static TraceReport ReportOf(Action<TraceWriter> body)
    {
        using TraceReader reader = TraceReader.Open(Write(body), "t");
        return ReportBuilder.Build(reader);
    }
}
