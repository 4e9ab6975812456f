using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Trace;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Trace;

public sealed class RingReaderTests
{
    const int Bytes = 4096;

    /// <summary>A thread's writes, one store at a time: a handler may reserve between any two of them.</summary>
    sealed class Writer
    {
        readonly Stack<(ulong Position, TraceEvent Event, bool HasPayload)> _reserved = new();

        public byte[] Data { get; } = new byte[Bytes];

        public ulong Head { get; private set; }

        public ulong Limit { get; set; } = Bytes - (RingLayout.SlackSlots * RingLayout.SlotBytes);

        public long Lost { get; private set; }

        public List<TraceEvent> Committed { get; } = [];

        public int Reserved => _reserved.Count;

        public void Reserve(ulong time, uint site)
        {
            if (Head >= Limit)
            {
                Lost++;
                return;
            }

            _reserved.Push((Head, new TraceEvent(new TscTime(time), new SiteId(site), site * 7), false));
            Head += RingLayout.SlotBytes;
        }

        public void Step()
        {
            (ulong position, TraceEvent next, bool hasPayload) = _reserved.Pop();
            if (!hasPayload)
            {
                Store(position, next, withTime: false);
                _reserved.Push((position, next, true));
                return;
            }

            Store(position, next, withTime: true);
            Committed.Add(next);
        }

        public void Abandon() => _reserved.Pop();

        public void Store(ulong position, TraceEvent next, bool withTime)
        {
            Span<byte> slot = Data.AsSpan((int)(position & (Bytes - 1)), RingLayout.SlotBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[RingLayout.SlotSiteOffset..], next.Site.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[RingLayout.SlotStackOffset..], next.StackLow);
            if (withTime)
                BinaryPrimitives.WriteUInt64LittleEndian(slot, next.Time.Value);
        }
    }

    [Fact]
    public void Nested_writers_in_any_order_lose_nothing_and_give_each_event_once() =>
        Gen.Int[0, 99].Array[1, 4000].Sample(steps =>
        {
            var writer = new Writer();
            var reader = new RingReader(new ByteSize(Bytes));
            var taken = new List<TraceEvent>();
            ulong time = 1;
            foreach (int step in steps)
            {
                if (step < 45)
                    writer.Reserve(time++, (uint)time);
                else if (step < 97 && writer.Reserved > 0)
                    writer.Step();
                else if (step >= 97)
                    Drain(writer, reader, taken, 1 + (step * 7 % 50));
            }

            while (writer.Reserved > 0)
                writer.Step();
            while (Drain(writer, reader, taken, 64) > 0)
            {
            }

            Assert.Equal(writer.Head, reader.Tail);
            Assert.Equal(writer.Committed.OrderBy(e => e.Time), taken.OrderBy(e => e.Time));
            Assert.Equal(0, reader.SkippedHoles + reader.LateEvents + reader.MalformedEvents);
            Assert.All(writer.Data, b => Assert.Equal(0, b));
        });

    [Fact]
    public void Reading_stops_at_a_slot_whose_payload_is_there_but_not_its_time()
    {
        var writer = new Writer();
        var reader = new RingReader(new ByteSize(Bytes));
        writer.Reserve(5, 1);
        writer.Step();
        var taken = new List<TraceEvent>();
        Assert.Equal(0, Drain(writer, reader, taken, 16));
        Assert.False(reader.IsHole(writer.Data, writer.Head));
        writer.Step();
        Assert.Equal(1, Drain(writer, reader, taken, 16));
        Assert.Equal(new TraceEvent(new TscTime(5), new SiteId(1), 7), taken[0]);
    }

    [Fact]
    public void A_hole_stops_the_reader_until_it_is_skipped_and_counts_as_one_lost()
    {
        (Writer writer, RingReader reader) = WithHole();
        var taken = new List<TraceEvent>();
        Assert.Equal(0, Drain(writer, reader, taken, 16));
        Assert.True(reader.IsHole(writer.Data, writer.Head));
        Assert.True(reader.SkipHole(writer.Data, writer.Head));
        Assert.False(reader.SkipHole(writer.Data, writer.Head));
        Assert.Equal(1, Drain(writer, reader, taken, 16));
        Assert.Equal(1, reader.SkippedHoles);
        Assert.False(reader.SkipHole(writer.Data, writer.Head));
    }

    [Fact]
    public void A_late_filler_is_not_taken_a_lap_early_and_its_slot_serves_the_owner()
    {
        (Writer writer, RingReader reader) = WithHole();
        var taken = new List<TraceEvent>();
        reader.SkipHole(writer.Data, writer.Head);
        Drain(writer, reader, taken, 16);
        writer.Store(0, new TraceEvent(new TscTime(1), new SiteId(1), 0), withTime: true);
        for (ulong time = 100; writer.Head < Bytes; time++)
            Commit(writer, reader, taken, time);
        Commit(writer, reader, taken, 5000);
        Commit(writer, reader, taken, 5001);
        Assert.Equal(writer.Head, reader.Tail);
        Assert.Equal(writer.Committed, taken);
    }

    [Fact]
    public void A_late_event_waiting_in_a_reserved_slot_is_dropped()
    {
        (Writer writer, RingReader reader) = WithHole();
        var taken = new List<TraceEvent>();
        reader.SkipHole(writer.Data, writer.Head);
        for (ulong time = 100; writer.Head < Bytes; time++)
            Commit(writer, reader, taken, time);
        writer.Store(0, new TraceEvent(new TscTime(1), new SiteId(1), 0), withTime: true);
        int before = taken.Count;
        Assert.Equal(0, Drain(writer, reader, taken, 16));
        writer.Reserve(5000, 1);
        Assert.Equal(0, Drain(writer, reader, taken, 16));
        Assert.Equal(1, reader.LateEvents);
        writer.Step();
        writer.Step();
        Assert.Equal(1, Drain(writer, reader, taken, 16));
        Assert.Equal(5000u, taken[before].Time.Value);
    }

    [Fact]
    public void The_slack_lets_64_nested_handlers_pass_the_limit_without_overrun()
    {
        var reader = new RingReader(new ByteSize(Bytes));
        Assert.Equal((ulong)Bytes - (64 * 16), reader.Limit);
        Assert.False(reader.IsDamaged(reader.Limit + (64 * 16)));
        Assert.True(reader.IsDamaged(reader.Limit + (65 * 16)));
    }

    [Fact]
    public void A_hostile_head_or_ring_takes_nothing_it_should_not() =>
        Gen.Select(Gen.ULong, Gen.Byte.Array[Bytes]).Sample((head, data) =>
        {
            var reader = new RingReader(new ByteSize(Bytes));
            var output = new TraceEvent[300];
            int taken = reader.Drain(data, head, output);
            Assert.InRange(taken, 0, reader.IsDamaged(head) ? 0 : (int)(head / 16));
            reader.SkipHole(data, head);
            reader.Drain(data, head, output);
            Assert.True(reader.Tail <= Bytes);
        });

    [Fact]
    public void A_slot_without_a_site_is_malformed_and_passed()
    {
        var writer = new Writer();
        var reader = new RingReader(new ByteSize(Bytes));
        var taken = new List<TraceEvent>();
        Commit(writer, reader, taken, 1, site: 0);
        Commit(writer, reader, taken, 2, site: 3);
        Assert.Equal(1, reader.MalformedEvents);
        Assert.Equal(3u, Assert.Single(taken).Site.Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1024)]
    [InlineData(5000)]
    [InlineData(1L << 31)]
    public void Sizes_that_are_no_ring_are_refused(long size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RingReader(new ByteSize(size)));

    [Fact]
    public void The_reader_and_the_trampolines_agree_on_the_layout()
    {
        Assert.Equal((EventLayout.Size, EventLayout.SlackEvents), (RingLayout.SlotBytes, RingLayout.SlackSlots));
        Assert.Equal(
            (EventLayout.Time, EventLayout.Site, EventLayout.Stack),
            (RingLayout.SlotTimeOffset, RingLayout.SlotSiteOffset, RingLayout.SlotStackOffset));
    }

    static (Writer Writer, RingReader Reader) WithHole()
    {
        var writer = new Writer();
        writer.Reserve(1, 1);
        writer.Abandon();
        writer.Reserve(2, 2);
        writer.Step();
        writer.Step();
        return (writer, new RingReader(new ByteSize(Bytes)));
    }

    static void Commit(Writer writer, RingReader reader, List<TraceEvent> taken, ulong time, uint site = 1)
    {
        writer.Reserve(time, site);
        writer.Step();
        writer.Step();
        Drain(writer, reader, taken, 16);
    }

    static int Drain(Writer writer, RingReader reader, List<TraceEvent> taken, int room)
    {
        var buffer = new TraceEvent[room];
        int count = reader.Drain(writer.Data, writer.Head, buffer);
        taken.AddRange(buffer[..count]);
        writer.Limit = reader.Limit;
        return count;
    }
}
