using Calltap.Trace;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>Events come in the order of their reservation; handlers between an event's reservation and its rdtsc change the order of times.</summary>
public sealed class ThreadOrderTests
{
    static readonly Tid s_thread = new(100);

    [Fact]
    public void An_event_goes_before_the_handlers_that_reserved_first() =>
        Assert.Equal([10ul, 20, 30, 40, 50, 60], Ordered([10, 30, 40, 50, 20, 60], 6));

    [Fact]
    public void It_does_so_across_the_bound_of_a_chunk() =>
        Assert.Equal([10ul, 20, 30, 40, 50, 60], Ordered([10, 30, 40, 50, 20, 60], 3));

    [Fact]
    public void One_that_would_go_too_far_stays_where_it_was_reserved()
    {
        ulong[] times = [10, .. Enumerable.Range(100, 600).Select(t => (ulong)t), 20, 1000];
        Assert.Equal(times, Ordered(times, 100));
    }

    [Fact]
    public void Nested_handlers_in_chunks_of_any_size_come_in_the_order_of_their_times() =>
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Int[1, 700]).Sample((seed, chunk) =>
        {
            var times = new List<ulong>();
            ulong now = 0;
            Write(new Random(seed), times, ref now, 3000, 0);
            Assert.Equal(times.Order(), Ordered([.. times], chunk));
        });

    // A thread that writes events; a handler of a few events comes now and then between the rdtsc and the reservation (an exit) or between
    // the reservation and the rdtsc (an entry).
    static void Write(Random random, List<ulong> times, ref ulong now, int events, int depth)
    {
        for (int i = 0; i < events; i++)
        {
            bool interrupted = depth < 3 && random.Next(20) == 0, exit = random.Next(2) == 0;
            int at = times.Count;
            ulong time = ++now;
            if (interrupted)
                Write(random, times, ref now, random.Next(12), depth + 1); // all that nests in it is below the bound of a move
            if (exit)
                times.Add(time);
            else
                times.Insert(at, ++now);
        }
    }

    static ulong[] Ordered(ulong[] times, int chunk)
    {
        byte[] file = TraceSample.Write(writer =>
        {
            foreach (ulong[] part in times.Chunk(chunk))
            {
                writer.WriteEvents(s_thread, [.. part.Select(t => new TraceEvent(new TscTime(t), new SiteId(1), 0))]);
                writer.Flush();
            }
        });
        using TraceReader reader = TraceReader.Open(file, "order.calltap");
        var all = new EventLog();
        reader.Read(all);
        var merged = new EventLog();
        reader.ReadMerged(merged);
        ulong[] ordered = [.. all.Threads[s_thread].Select(e => e.Time.Value)];
        Assert.Equal(ordered, merged.Threads[s_thread].Select(e => e.Time.Value));
        return ordered;
    }
}
