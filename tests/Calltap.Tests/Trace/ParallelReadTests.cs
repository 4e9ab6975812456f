using Calltap.Trace;
using CsCheck;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>Reading on all processors gives what reading one chunk after the other gives.</summary>
public sealed class ParallelReadTests
{
    [Fact]
    public void Each_thread_gets_the_events_and_losses_of_a_sequential_read() =>
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                byte[] file = RandomFile(seed, out _);
                using TraceReader sequential = TraceReader.Open(file, "t"), parallel = TraceReader.Open(file, "t");
                var expected = new EventLog();
                sequential.Read(expected);
                Dictionary<Tid, EventLog> actual = ReadParallel(parallel, TimeWindow.All);
                Assert.Equal(expected.Threads.Keys.Order(), actual.Keys.Order());
                foreach ((Tid thread, EventLog log) in actual)
                {
                    Assert.Equal(expected.Threads[thread], log.Threads[thread]);
                    Assert.Equal(expected.LostAfter.Where(lost => lost.Lost.Thread == thread), log.LostAfter);
                }
            },
            iter: 30);

    [Fact]
    public void A_window_delivers_exactly_the_events_in_it() =>
        Gen.Select(Gen.Int[0, 1 << 30], Gen.ULong[0, 60_000], Gen.ULong[0, 60_000]).Sample(
            (seed, from, length) =>
            {
                using TraceReader reader = TraceReader.Open(RandomFile(seed, out Dictionary<Tid, List<TraceEvent>> all), "t");
                var window = new TimeWindow(new TscTime(from), new TscTime(from + length));
                Dictionary<Tid, EventLog> parallel = ReadParallel(reader, window);
                var merged = new EventLog();
                reader.ReadMerged(merged, null, window);
                foreach ((Tid thread, List<TraceEvent> events) in all)
                {
                    TraceEvent[] expected = [.. events.Where(e => e.Time.Value >= from && e.Time.Value <= from + length)];
                    Assert.Equal(expected, EventsOf(parallel.GetValueOrDefault(thread), thread));
                    Assert.Equal(expected, EventsOf(merged, thread));
                }
            },
            iter: 30);

    [Fact]
    public void A_thread_ends_at_its_first_damaged_chunk_and_the_others_do_not()
    {
        byte[] file = RandomFile(7, out Dictionary<Tid, List<TraceEvent>> all);
        ChunkEntry damaged;
        using (TraceReader whole = TraceReader.Open(file, "t"))
            damaged = whole.EventChunks.Where(chunk => chunk.Thread == new Tid(2)).ElementAt(1);
        file[damaged.Offset.Value + 40] ^= 1;
        using TraceReader reader = TraceReader.Open(file, "t");
        Dictionary<Tid, EventLog> read = ReadParallel(reader, TimeWindow.All);
        Assert.Contains("checksum", reader.Damage!.Message, StringComparison.Ordinal);
        Assert.Equal(all[new Tid(1)], EventsOf(read[new Tid(1)], new Tid(1)));
        List<TraceEvent> before = EventsOf(read[new Tid(2)], new Tid(2));
        Assert.Equal(all[new Tid(2)].Take(before.Count), before);
        Assert.InRange(before.Count, 1, all[new Tid(2)].Count - 1);
    }

    [Fact]
    public void What_a_visitor_throws_ends_the_read()
    {
        using TraceReader reader = TraceReader.Open(RandomFile(3, out _), "t");
        Assert.Throws<InvalidOperationException>(() => reader.ReadParallel(TimeWindow.All, _ => new Thrower()));
    }

    [Fact]
    public void A_report_of_calls_in_scope_has_those_of_the_roots_and_what_they_call_with_the_same_times()
    {
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            Entry(10, "main", 960), Entry(20, "g", 640), Exit(25, "g", 640), Entry(30, "f", 640), Entry(40, "g", 320), Exit(60, "g", 320), Exit(100, "f", 640), Exit(200, "main", 960),
        ]));
        using TraceReader reader = TraceReader.Open(file, "t");
        TraceReport report = ReportBuilder.Build(reader, scope: new CallScope([new FunctionId(1)]));
        Assert.Equal([("f", 1L, 70L, 50L), ("g", 1L, 20L, 20L)], report.Functions.Select(f => (f.Name, f.Calls, f.TotalNs!.Value, f.SelfNs!.Value)));
        TraceReport top = ReportBuilder.Build(reader, scope: new CallScope(maxDepth: 1));
        Assert.Equal([("main", 1L, 190L)], top.Functions.Select(f => (f.Name, f.Calls, f.TotalNs!.Value)));
    }

    static byte[] RandomFile(int seed, out Dictionary<Tid, List<TraceEvent>> all)
    {
        var random = new Random(seed);
        Dictionary<Tid, List<TraceEvent>> threads = [];
        byte[] file = Write(w =>
        {
            for (int chunk = 0; chunk < 24; chunk++)
            {
                var thread = new Tid(1 + (chunk < 4 ? chunk % 2 : random.Next(4)));
                List<TraceEvent> before = threads.TryGetValue(thread, out List<TraceEvent>? list) ? list : threads[thread] = [];
                TraceEvent[] events = RandomEvents(random, before.Count > 0 ? before[^1].Time.Value : 0);
                w.WriteEvents(thread, events);
                before.AddRange(events);
                if (random.Next(6) == 0)
                    w.WriteLost(new LostRecord(thread, before[^1].Time, chunk, 0, 0));
                else
                    w.Flush();
            }
        });
        all = threads;
        return file;
    }

    static TraceEvent[] RandomEvents(Random random, ulong time)
    {
        var events = new TraceEvent[1 + random.Next(2000)];
        for (int i = 0; i < events.Length; i++)
            events[i] = new TraceEvent(new TscTime(time += (ulong)random.Next(1, 9)), new SiteId((uint)random.Next(1, 12)), (uint)random.Next(1, 50) * 16);
        return events;
    }

    static Dictionary<Tid, EventLog> ReadParallel(TraceReader reader, TimeWindow window)
    {
        Dictionary<Tid, EventLog> logs = [];
        reader.ReadParallel(window, thread => logs[thread] = new EventLog());
        return logs;
    }

    static List<TraceEvent> EventsOf(EventLog? log, Tid thread) => log?.Threads.GetValueOrDefault(thread) ?? [];

    sealed class Thrower : IEventVisitor
    {
        public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events) => throw new InvalidOperationException("enough");

        public void OnLost(in LostRecord lost)
        {
        }
    }
}
