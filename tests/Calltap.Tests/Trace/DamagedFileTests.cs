using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>Files in which damage is skipped: every chunk that checks out is read, and what was skipped is told.</summary>
public sealed class DamagedFileTests
{
    const int Header = 16;

    static readonly Tid s_one = new(100);
    static readonly Tid s_two = new(200);

    [Fact]
    public void A_whole_file_has_nothing_to_skip()
    {
        using TraceReader reader = TraceReader.Open(SmallFile(), "t", skipDamage: true);
        Assert.Equal((0, 0L, true), (reader.Skipped.Count, reader.Skipped.Size.Value, reader.IsComplete));
        Assert.Equal(EventsOf(SmallFile()), Read(reader));
        Assert.Null(reader.Damage);
    }

    [Fact]
    public void A_flipped_byte_in_any_chunk_of_any_type_costs_that_chunk_alone()
    {
        byte[] file = SmallFile();
        ChunkEntry[] chunks = ChunksOf(file);
        Assert.True(chunks.Select(chunk => chunk.Type).Distinct().Count() >= 10);
        foreach (ChunkEntry chunk in chunks)
        {
            foreach (long at in new[] { 0, 4, 9, 12, Header, Header + (chunk.Length.Value / 2), Header + chunk.Length.Value - 1 })
            {
                byte[] flipped = [.. file];
                flipped[chunk.Offset.Value + at] ^= 0x10;
                using TraceReader reader = TraceReader.Open(flipped, "t", skipDamage: true);
                Assert.Equal([(chunk.Offset, chunk.Length.Value + Header)], reader.Skipped.First.Select(part => (part.Offset, part.Size.Value)));
                Assert.Equal(chunks.Where(other => other != chunk), reader.Chunks);
                Assert.Equal(EventsOf(file, chunks.Where(other => other != chunk)), Read(reader));
            }
        }
    }

    [Fact]
    public void A_file_cut_anywhere_is_read_up_to_its_last_whole_chunk()
    {
        byte[] file = SmallFile();
        ChunkEntry[] chunks = ChunksOf(file);
        for (int length = Header; length < file.Length; length++)
        {
            using TraceReader reader = TraceReader.Open(file.AsMemory(0, length), "cut", skipDamage: true);
            ChunkEntry[] whole = [.. chunks.TakeWhile(chunk => chunk.Offset.Value + Header + chunk.Length.Value <= length)];
            long end = whole.Length == 0 ? Header : whole[^1].Offset.Value + Header + whole[^1].Length.Value;
            Assert.False(reader.IsComplete);
            Assert.Equal(whole, reader.Chunks);
            Assert.Equal(length - end, reader.Skipped.Size.Value);
            if (length % 7 == 0 || end == length)
                Assert.Equal(EventsOf(file, whole), Read(reader));
        }
    }

    [Fact]
    public void Every_flipped_byte_is_skipped_and_changes_nothing_that_is_delivered()
    {
        byte[] file = SmallFile();
        List<(Tid, TraceEvent)> all = EventsOf(file);
        for (int at = 0; at < file.Length; at++)
        {
            byte[] flipped = [.. file];
            flipped[at] ^= (byte)(1 << (at % 8));
            if (at is >= 8 and < 12)
            {
                Assert.Throws<TraceFormatException>(() => TraceReader.Open(flipped, "version", skipDamage: true));
                continue;
            }

            using TraceReader reader = TraceReader.Open(flipped, "t", skipDamage: true);
            List<(Tid, TraceEvent)> read = Read(reader);
            Assert.True(reader.Skipped.Count == 1 || at is >= 12 and < Header, $"byte {at}");
            Assert.Empty(read.Except(all));
            Assert.True(read.Count >= all.Count - 25);
        }
    }

    [Fact]
    public void What_lies_between_chunks_is_skipped()
    {
        byte[] file = SmallFile();
        ChunkEntry[] chunks = ChunksOf(file);
        int at = (int)chunks[5].Offset.Value;
        byte[] between = [.. "CTCH CTCH"u8, .. new byte[100], .. "CTCH"u8];
        using TraceReader reader = TraceReader.Open((byte[])[.. file[..at], .. between, .. file[at..]], "t", skipDamage: true);
        DamagedPart part = Assert.Single(reader.Skipped.First);
        Assert.Equal((at, between.Length), (part.Offset.Value, part.Size.Value));
        Assert.Equal(EventsOf(file), Read(reader));
    }

    [Fact]
    public void A_file_without_its_beginning_is_read_and_one_of_another_kind_is_not()
    {
        byte[] file = SmallFile();
        byte[] headless = [.. new byte[Header], .. file[Header..]];
        using TraceReader reader = TraceReader.Open(headless, "t", skipDamage: true);
        Assert.Equal((default, Header), (reader.Skipped.First[0].Offset, (int)reader.Skipped.Size.Value));
        Assert.Equal(EventsOf(file), Read(reader));
        Assert.Throws<TraceFormatException>(() => TraceReader.Open("no trace at all, but long enough to hold a header"u8.ToArray(), "text", skipDamage: true));
        Assert.Throws<TraceFormatException>(() => TraceReader.Open(ReadOnlyMemory<byte>.Empty, "empty", skipDamage: true));
    }

    [Fact]
    public void Calls_open_where_events_were_skipped_are_unknown_and_not_unwound()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(s_one, [Entry(10, "main", 960), Entry(20, "f", 640)]);
            w.Flush();
            w.WriteEvents(s_one, [Exit(30, "f", 640)]);
            w.Flush();
            w.WriteEvents(s_one, [Exit(90, "main", 960)]);
        });
        Assert.Equal([("main", EndedBy.Exit), ("f", EndedBy.Exit)], Ends(file));
        ChunkEntry second = ChunksOf(file).Where(chunk => chunk.Type == ChunkType.Events).ElementAt(1);
        file[second.Offset.Value + Header + 30] ^= 1;
        Assert.Equal([("main", EndedBy.Exit), ("f", EndedBy.Unknown)], Ends(file));
    }

    [Fact]
    public void A_chunk_that_unpacks_to_something_else_is_skipped_by_every_way_of_reading()
    {
        byte[] file = SmallFile();
        ChunkEntry chunk = ChunksOf(file).Where(c => c.Type == ChunkType.Events && c.Thread == s_one).ElementAt(1);
        byte[] payload = file.AsSpan((int)chunk.Offset.Value + Header, (int)chunk.Length.Value).ToArray();
        payload[24]++; // how the first block is stored
        byte[] mutated = [.. file[..(int)chunk.Offset.Value], .. TraceFileTests.Chunk((int)ChunkType.Events, payload), .. file[((int)chunk.Offset.Value + Header + payload.Length)..]];
        List<(Tid Thread, TraceEvent Event)> expected = EventsOf(file, ChunksOf(file).Where(other => other != chunk));
        foreach (Action<TraceReader, IEventVisitor> way in new Action<TraceReader, IEventVisitor>[]
        {
            (reader, visitor) => reader.Read(visitor), (reader, visitor) => reader.ReadMerged(visitor),
            (reader, visitor) => reader.ReadParallel(TimeWindow.All, _ => new Locked(visitor)),
        })
        {
            using TraceReader reader = TraceReader.Open(mutated, "t", skipDamage: true);
            var log = new EventLog();
            way(reader, log);
            Assert.Equal(expected.Where(e => e.Thread == s_one).Select(e => e.Event), log.Threads[s_one]);
            Assert.Equal(expected.Where(e => e.Thread == s_two).Select(e => e.Event), log.Threads[s_two]);
            Assert.Equal(chunk.Offset, Assert.Single(reader.Skipped.First).Offset);
            Assert.Contains(log.Lost, lost => lost.Thread == s_one && lost.Time == chunk.First);
            Assert.Null(reader.Damage);
        }
    }

    [Fact]
    public void A_file_full_of_false_starts_ends_the_search()
    {
        var file = new List<byte>(SmallFile()[..Header]);
        for (int i = 0; i < 40_000; i++)
            file.AddRange([.. "CTCH"u8, 6, 0, 0, 0, .. BitConverter.GetBytes(400_000), 1, 2, 3, 4]);
        using TraceReader reader = TraceReader.Open(file.ToArray(), "hostile", skipDamage: true);
        Assert.Equal(file.Count - Header, reader.Skipped.Size.Value);
        Assert.Empty(reader.Chunks);
    }

    static (string Name, EndedBy How)[] Ends(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "t", skipDamage: true);
        var log = new CallLog();
        var calls = new CallReader(reader.Catalog, _ => log);
        reader.Read(calls);
        calls.Finish();
        return [.. log.Calls.OrderBy(call => call.Start).Select(call => (reader.Catalog.NameOf(call.Function), call.EndedBy))];
    }

    static byte[] SmallFile() => Write(w =>
    {
        var random = new Random(3);
        ulong time = 1000;
        w.WriteThreads([new ThreadRecord(s_one, "one"), new ThreadRecord(s_two, "two")]);
        w.WriteProcesses([new ProcessRecord(1, new Pid(42), 0, new TscTime(1), "prog", "prog --x")]);
        w.WriteTasks([new TaskRecord(s_one, s_one, 1)]);
        w.WriteClock(new ClockRecord(new TscTime(1000), new MonotonicNs(10)));
        w.WriteArming(new ArmingRecord(ArmingKind.Armed, new TscTime(1), new TscTime(2), 9, 3, [new FunctionId(1)]));
        for (int i = 0; i < 6; i++)
        {
            Tid thread = i % 2 == 0 ? s_one : s_two;
            w.WriteEvents(thread, [.. Enumerable.Range(0, 25).Select(_ => new TraceEvent(new TscTime(time += (ulong)random.Next(1, 300_000)), new SiteId((uint)random.Next(1, 19)), (uint)random.Next(8) * 32))]);
            if (i % 3 == 2)
                w.WriteLost(new LostRecord(thread, new TscTime(time), i, i, 0));
            w.Flush();
        }
    });

    static ChunkEntry[] ChunksOf(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "t", skipDamage: true);
        return [.. reader.Chunks];
    }

    static List<(Tid Thread, TraceEvent Event)> EventsOf(byte[] file, IEnumerable<ChunkEntry>? chunks = null)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        List<(Tid, TraceEvent)> all = Read(reader);
        if (chunks is null)
            return all;
        List<(ulong First, ulong Last, Tid Thread)> kept = [.. chunks.Where(c => c.Type == ChunkType.Events).Select(c => (c.First.Value, c.Last.Value, c.Thread))];
        return [.. all.Where(e => kept.Exists(k => k.Thread == e.Item1 && e.Item2.Time.Value >= k.First && e.Item2.Time.Value <= k.Last))];
    }

    static List<(Tid, TraceEvent)> Read(TraceReader reader)
    {
        var log = new EventLog();
        reader.Read(log);
        return [.. log.Order.OrderBy(e => e.Event.Time)];
    }

    sealed class Locked(IEventVisitor visitor) : IEventVisitor
    {
        public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
        {
            lock (visitor)
                visitor.OnEvents(thread, events);
        }

        public void OnLost(in LostRecord lost)
        {
            lock (visitor)
                visitor.OnLost(lost);
        }
    }
}
