using Calltap.Trace;
using CsCheck;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>What is drawn of a thread: every call once, rows without overlaps, and never more than what was asked for.</summary>
public sealed class ViewSpanTests
{
    const uint Top = 0x7fff_0000;
    static readonly TimeWindow s_all = TimeWindow.All;

    [Fact]
    public void At_the_finest_resolution_each_call_is_drawn_once_where_it_was()
    {
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                RandomProgram program = Run(seed, 2_000);
                ThreadLane lane = View(program.Events).Lanes.Single();
                IReadOnlyList<CallSpan> spans = lane.Collect(s_all, 0, int.MaxValue, 1, int.MaxValue).Spans;
                Assert.All(spans, span => Assert.Equal((1, 0), (span.Calls, span.Unknown)));
                Assert.Equal(program.Calls.Select(call => (call.Depth, call.Start, call.End)).Order(), spans.Select(span => (span.Row, span.Start, span.End)).Order());
            },
            iter: 20);
    }

    [Fact]
    public void Merged_spans_keep_every_call_and_lie_apart()
    {
        Gen.Select(Gen.Int[0, 1 << 30], Gen.ULong[1, 100_000_000]).Sample(
            (seed, resolution) =>
            {
                RandomProgram program = Run(seed, 20_000); // enough for levels
                ThreadLane lane = View(program.Events).Lanes.Single();
                LaneSpans found = lane.Collect(s_all, 0, int.MaxValue, resolution, int.MaxValue);
                Assert.Equal(program.Calls.Count, found.Spans.Sum(span => (long)span.Calls));
                Assert.Equal(program.Calls.Aggregate(0ul, (sum, call) => sum + call.End - call.Start), found.Spans.Aggregate(0ul, (sum, span) => sum + span.Busy));
                AssertApart(found.Spans);
                foreach (IGrouping<int, CallSpan> row in found.Spans.GroupBy(span => span.Row))
                    Assert.True((ulong)row.Count() <= (2 * (row.Last().End - row.First().Start) / resolution) + 2, $"{row.Count()} spans");
                Assert.All(found.Spans.Where(span => span.Calls > 1), span => Assert.True(span.LongestTicks < resolution));
            },
            iter: 40);
    }

    [Fact]
    public void A_window_has_what_touches_it_and_no_more_spans_than_wanted()
    {
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[1, 500]).Sample(
            (seed, from, length, most) =>
            {
                RandomProgram program = Run(seed, 5_000);
                ThreadLane lane = View(program.Events).Lanes.Single();
                ulong end = program.Events[^1].Time.Value, start = (ulong)(from * end);
                var window = new TimeWindow(new TscTime(start), new TscTime(start + (ulong)(length * (end - start))));
                LaneSpans exact = lane.Collect(window, 0, int.MaxValue, 1, int.MaxValue), few = lane.Collect(window, 0, int.MaxValue, 1, most);
                Assert.Equal(program.Calls.Count(call => call.End >= window.From.Value && call.Start <= window.To.Value), exact.Spans.Count);
                Assert.True(few.Spans.Count <= most || few.Resolution > window.To.Value - window.From.Value, $"{few.Spans.Count} spans at {few.Resolution}");
                Assert.True(few.Spans.Sum(span => (long)span.Calls) >= exact.Spans.Count); // a merged one may reach beyond
            },
            iter: 40);
    }

    [Fact]
    public void A_window_of_all_time_ends()
    {
        ThreadLane lane = View([Entry(1, "main", Top), Entry(2, "f", Top - 16), Exit(5, "f", Top - 16), Exit(6, "main", Top)]).Lanes.Single();
        Assert.Equal(2, lane.Collect(s_all, 0, int.MaxValue, ulong.MaxValue, 1).Spans.Count); // rows are never merged
    }

    [Fact]
    public void Rows_are_asked_for_by_number()
    {
        ThreadLane lane = View([Entry(1, "main", Top), Entry(2, "f", Top - 16), Entry(3, "g", Top - 32), Exit(4, "g", Top - 32), Exit(5, "f", Top - 16), Exit(6, "main", Top)]).Lanes.Single();
        Assert.Equal(3, lane.Rows);
        Assert.Equal([1, 2], lane.Collect(s_all, 1, 2, 1, 100).Spans.Select(span => span.Row));
        Assert.Empty(lane.Collect(s_all, 3, 10, 1, 100).Spans);
    }

    [Fact]
    public void What_has_no_known_end_is_drawn_until_it_was_gone_and_says_so()
    {
        ThreadLane lane = View([
            Entry(10, "main", Top), Entry(20, "leaky", Top - 16), Entry(30, "f", Top - 16), Exit(40, "f", Top - 16), Entry(50, "g", Top - 16)]).Lanes.Single();
        (ulong, ulong, CallEnding)[] calls = [.. Enumerable.Range(0, lane.Calls).Select(i => TraceView.Describe(lane, i)!.Call).Select(call => (call.Start, call.Start + call.Ticks, call.Ending))];
        Assert.Equal([(10, 50, CallEnding.Open), (20, 30, CallEnding.Unknown), (30, 40, CallEnding.Exit), (50, 50, CallEnding.Open)], calls);
        IReadOnlyList<CallSpan> spans = lane.Collect(s_all, 0, 10, 1, 100).Spans;
        Assert.Equal([1, 1, 0, 1], spans.Select(span => span.Unknown));
        AssertApart(spans);
        Assert.Null(TraceView.Describe(lane, lane.Calls));
    }

    [Fact]
    public void What_is_open_is_drawn_as_long_as_its_process_is_known_to_live()
    {
        byte[] file = Write(writer =>
        {
            writer.WriteProcesses([new ProcessRecord(1, new Pid(100), 0, new TscTime(1), "a", "a"), new ProcessRecord(2, new Pid(200), 1, new TscTime(1), "b", "b")]);
            writer.WriteTasks([new TaskRecord(new Tid(100), new Tid(100), 1), new TaskRecord(new Tid(101), new Tid(101), 1), new TaskRecord(new Tid(200), new Tid(200), 2)]);
            writer.WriteEvents(new Tid(100), [Entry(10, "main", Top)]);
            writer.WriteEvents(new Tid(101), [Entry(15, "f", Top), Exit(60, "f", Top)]);
            writer.WriteEvents(new Tid(200), [Entry(12, "g", Top), Exit(90, "g", Top)]);
        });
        using TraceReader reader = TraceReader.Open(file, "t");
        TraceView view = ViewBuilder.Build(reader);
        Assert.Equal([100, 101, 200], view.Lanes.Select(lane => lane.Id.Value));
        CallSpan open = view.Lanes[0].Collect(s_all, 0, 1, 1, 10).Spans.Single();
        Assert.Equal((10ul, 60ul), (open.Start, open.End)); // not 90: that is another process
    }

    [Fact]
    public void A_handler_on_its_own_stack_is_drawn_below_what_it_interrupts()
    {
        const uint Other = 0x1000_0000; // further than 64 MiB: another stack
        ThreadLane lane = View([
            Entry(10, "main", Top), Entry(20, "f", Top - 16), Entry(30, "h", Other), Entry(35, "g", Other - 16), Exit(38, "g", Other - 16),
            Exit(40, "h", Other), Exit(50, "f", Top - 16), Exit(60, "main", Top)]).Lanes.Single();
        Assert.Equal([(0, 10ul), (1, 20ul), (2, 30ul), (3, 35ul)], lane.Collect(s_all, 0, 10, 1, 10).Spans.Select(span => (span.Row, span.Start)));
        Assert.Empty(TraceView.Describe(lane, 2)!.Callers);
    }

    [Fact]
    public void Coroutines_whose_calls_overlap_never_share_a_row()
    {
        const uint Other = 0x1000_0000;
        ThreadLane lane = View([
            Entry(10, "main", Top), Entry(20, "f", Other), Entry(30, "g", Top - 16), Entry(40, "h", Other - 16),
            Exit(50, "g", Top - 16), Exit(60, "h", Other - 16), Exit(70, "main", Top), Exit(80, "f", Other)]).Lanes.Single();
        IReadOnlyList<CallSpan> spans = lane.Collect(s_all, 0, 10, 1, 10).Spans;
        Assert.Equal(4, spans.Count);
        AssertApart(spans);
    }

    [Fact]
    public void Losses_are_gaps_from_the_event_before_to_the_one_behind()
    {
        byte[] file = Write(writer =>
        {
            writer.WriteEvents(new Tid(1), [Entry(10, "main", Top), Exit(20, "main", Top)]);
            writer.WriteLost(new LostRecord(new Tid(1), new TscTime(25), 3, 2, 0));
            writer.WriteLost(new LostRecord(new Tid(1), new TscTime(28), 4, 2, 1)); // two more: totals
            writer.WriteEvents(new Tid(1), [Entry(40, "f", Top), Exit(50, "f", Top)]);
            writer.WriteLost(new LostRecord(new Tid(1), new TscTime(55), 5, 2, 1));
        });
        using TraceReader reader = TraceReader.Open(file, "t");
        ThreadLane lane = ViewBuilder.Build(reader).Lanes.Single();
        Assert.Equal([new LostGap(20, 40, 7), new LostGap(50, 50, 1)], lane.Collect(s_all, 0, 10, 1, 10).Gaps);
        Assert.Equal(8, lane.Lost);
        Assert.Equal([new LostGap(20, 50, 8)], lane.Collect(s_all, 0, 10, 20, 10).Gaps);
        Assert.Empty(lane.Collect(new TimeWindow(new TscTime(41), new TscTime(45)), 0, 10, 1, 10).Gaps);
    }

    static void AssertApart(IReadOnlyList<CallSpan> spans)
    {
        Assert.All(spans, span => Assert.True(span.End >= span.Start));
        for (int i = 1; i < spans.Count; i++)
            Assert.True(spans[i].Row > spans[i - 1].Row || spans[i].Start >= spans[i - 1].End, $"{spans[i - 1]} and {spans[i]}");
    }

    static RandomProgram Run(int seed, int events)
    {
        var program = new RandomProgram(seed);
        program.Run(events);
        return program;
    }

    static TraceView View(IReadOnlyList<TraceEvent> events)
    {
        using TraceReader reader = TraceReader.Open(Write(writer => writer.WriteEvents(new Tid(1), [.. events])), "t");
        return ViewBuilder.Build(reader);
    }
}
