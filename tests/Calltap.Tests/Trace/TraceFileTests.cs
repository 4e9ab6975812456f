using Calltap.Trace;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Trace;

public sealed class TraceFileTests
{
    static readonly Tid s_one = new(100);
    static readonly Tid s_two = new(200);

    static readonly Gen<TraceEvent> s_event = Gen.Select(
        Gen.OneOf(Gen.ULong, Gen.ULong[1, 100_000]), Gen.OneOf(Gen.UInt, Gen.UInt[1, 20]), Gen.OneOf(Gen.UInt, Gen.UInt[0, 30].Select(n => n * 16)),
        (time, site, stack) => new TraceEvent(new TscTime(time), new SiteId(site), stack));

    [Fact]
    public void Any_events_survive_the_round_trip() =>
        s_event.Array[1, 500].Sample(events =>
        {
            EventLog log = ReadAll(TraceSample.Write(w => w.WriteEvents(s_one, events)));
            Assert.Equal(events.OrderBy(e => e.Time.Value), log.Threads[s_one]);
        });

    [Fact]
    public void Chunks_fill_across_writes_and_threads_and_keep_their_order()
    {
        TraceEvent[] events = [.. Enumerable.Range(1, 200_000).Select(i => new TraceEvent(new TscTime((ulong)i * 70), new SiteId((uint)(i % 18) + 1), (uint)(i % 5) * 48))];
        byte[] file = TraceSample.Write(w =>
        {
            w.WriteEvents(s_two, events.AsSpan(0, 10));
            for (int i = 0; i < events.Length; i += 7_000)
                w.WriteEvents(s_one, events.AsSpan(i, Math.Min(7_000, events.Length - i)));
            w.WriteEvents(s_two, events.AsSpan(10));
            Assert.Equal(400_000, w.Events);
        });
        using TraceReader reader = TraceReader.Open(file, "t");
        var log = new EventLog();
        reader.Read(log);
        Assert.Equal(events, log.Threads[s_one]);
        Assert.Equal(events, log.Threads[s_two]);
        Assert.Equal(400_000, reader.Events);
        Assert.True(reader.IsComplete);
        Assert.True(file.Length < 400_000 * 3);
    }

    [Fact]
    public void Everything_described_comes_back()
    {
        var arming = new ArmingRecord(ArmingKind.Armed, new TscTime(1), new TscTime(2), 9, 3, [new FunctionId(1), new FunctionId(5)]);
        byte[] file = TraceSample.Write(w =>
        {
            w.WriteThreads([new ThreadRecord(s_one, "worker\u001b[2J"), new ThreadRecord(s_two, "ünïcode")]);
            w.WriteClock(new ClockRecord(new TscTime(1000), new MonotonicNs(10)));
            w.WriteClock(new ClockRecord(new TscTime(3000), new MonotonicNs(1010)));
            w.WriteArming(arming);
            w.WriteLost(new LostRecord(s_one, new TscTime(5), 1, 2, 3));
        });
        using TraceReader reader = TraceReader.Open(file, "t");
        TraceCatalog catalog = reader.Catalog;
        Assert.Equal(new SessionRecord { Machine = "box", CommandLine = "prog --x", Target = new Pid(42), TscHz = 1_000_000_000, Scope = "prog" }, catalog.Session);
        Assert.Equal(TraceSample.Functions, catalog.Functions.Values);
        Assert.Equal(-4096, catalog.Modules[7].LoadBias);
        Assert.Equal("prog", catalog.ModuleOf(new FunctionId(2)));
        Assert.All(TraceSample.Sites, site => Assert.Equal(site, catalog.Sites.Find(site.Id)));
        Assert.Equal("worker\uFFFD[2J", catalog.Threads[s_one].Name);
        Assert.Equal("ünïcode", catalog.Threads[s_two].Name);
        Assert.Equal(500, catalog.Clock.ToNs(1000));
        Assert.Equal(arming.Functions, Assert.Single(catalog.Arming).Functions);
        Assert.Equal(new LostRecord(s_one, new TscTime(5), 1, 2, 3), catalog.Lost[s_one]);
    }

    [Fact]
    public void A_file_cut_at_any_length_reads_up_to_the_cut()
    {
        byte[] file = SmallFile();
        EventLog whole = ReadAll(file);
        int most = 0;
        for (int length = 0; length < file.Length; length++)
        {
            if (length < 16)
            {
                Assert.Throws<TraceFormatException>(() => TraceReader.Open(file.AsMemory(0, length), "cut"));
                continue;
            }

            using TraceReader reader = TraceReader.Open(file.AsMemory(0, length), "cut");
            var log = new EventLog();
            reader.Read(log);
            Assert.False(reader.IsComplete);
            Assert.True(log.Order.Count >= most);
            most = log.Order.Count;
            foreach ((Tid thread, List<TraceEvent> events) in log.Threads)
                Assert.Equal(whole.Threads[thread].Take(events.Count), events);
        }

        Assert.Equal(whole.Order.Count, most);
    }

    [Fact]
    public void A_flipped_byte_never_crashes_and_never_changes_what_is_delivered()
    {
        byte[] file = SmallFile();
        EventLog whole = ReadAll(file);
        for (int at = 0; at < file.Length; at++)
        {
            byte[] flipped = [.. file];
            flipped[at] ^= (byte)(1 << (at % 8));
            try
            {
                EventLog log = ReadAll(flipped);
                foreach ((Tid thread, List<TraceEvent> events) in log.Threads)
                    Assert.Equal(whole.Threads[thread].Take(events.Count), events);
            }
            catch (TraceFormatException damage)
            {
                Assert.True(at < 16, $"byte {at}: {damage.Message}");
            }
        }
    }

    [Fact]
    public void Random_bytes_with_right_checksums_are_refused_without_a_crash() =>
        Gen.Select(Gen.Int[1, 11], Gen.Byte.Array[0, 200]).Sample((type, payload) =>
        {
            byte[] file = [.. TraceSample.Write(_ => { }, finish: false), .. Chunk(type, payload)];
            using TraceReader reader = TraceReader.Open(file, "hostile");
            reader.Read(new EventLog());
            Assert.Equal(TraceSample.Functions.Length, reader.Catalog.Functions.Count(f => f.Key.Value < TraceSample.Functions.Length));
        }, iter: 3_000);

    [Fact]
    public void Mutated_payloads_with_right_checksums_are_refused_without_a_crash()
    {
        byte[] file = SmallFile();
        using TraceReader good = TraceReader.Open(file, "t");
        ChunkEntry[] chunks = [.. good.EventChunks];
        Gen.Select(Gen.Int[0, chunks.Length - 1], Gen.Int[0, 100_000], Gen.Byte).Sample((chunk, at, value) =>
        {
            int start = (int)chunks[chunk].Offset.Value + 16;
            byte[] payload = file[start..(start + (int)chunks[chunk].Length.Value)];
            payload[at % payload.Length] = value;
            byte[] mutated = [.. file[..16], .. Chunk((int)ChunkType.Events, payload)];
            using TraceReader reader = TraceReader.Open(mutated, "mutated");
            reader.Read(new EventLog());
            reader.ReadMerged(new EventLog());
        }, iter: 3_000);
    }

    [Theory]
    [InlineData(0, "magic")]
    [InlineData(8, "version")]
    public void A_file_of_another_kind_or_version_is_refused_with_what_was_expected(int at, string expectation)
    {
        byte[] file = SmallFile();
        file[at] ^= 0xFF;
        TraceFormatException refused = Assert.Throws<TraceFormatException>(() => TraceReader.Open(file, "x.calltap"));
        Assert.Contains(expectation, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("x.calltap: at +0x", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_its_end_a_file_reads_the_same_from_memory_and_from_a_stream()
    {
        byte[] file = SmallFile();
        EventLog indexed = ReadAll(file);
        using TraceReader scanned = TraceReader.Open(new MemoryStream(file[..^1]), "t");
        var log = new EventLog();
        scanned.Read(log);
        Assert.False(scanned.IsComplete);
        Assert.NotNull(scanned.Damage);
        Assert.Equal(indexed.Order, log.Order);
        Assert.Equal(indexed.LostAfter, log.LostAfter);
    }

    [Fact]
    public void Merged_reading_is_in_time_order_and_keeps_losses_in_place()
    {
        using TraceReader reader = TraceReader.Open(SmallFile(), "t");
        var merged = new EventLog();
        reader.ReadMerged(merged);
        EventLog log = ReadAll(SmallFile());
        Assert.Equal(log.Threads[s_one], merged.Threads[s_one]);
        Assert.Equal(log.Threads[s_two], merged.Threads[s_two]);
        Assert.Equal(merged.Order.Select(o => o.Event.Time.Value).Order(), merged.Order.Select(o => o.Event.Time.Value));
        Assert.Equal(log.LostAfter, merged.LostAfter);
        var only = new EventLog();
        reader.ReadMerged(only, new HashSet<Tid> { s_two });
        Assert.Equal([s_two], only.Threads.Keys);
    }

    [Fact]
    public void A_full_disk_leaves_a_readable_file_and_a_closed_writer()
    {
        using var disk = new FullDisk(1500);
        using var writer = new TraceWriter(disk);
        TraceSample.Describe(writer);
        Assert.Throws<IOException>(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                writer.WriteEvents(s_one, [TraceSample.Entry((ulong)i + 1, "f", 64), TraceSample.Exit((ulong)i + 2, "f", 64)]);
                writer.Flush();
            }
        });
        Assert.Throws<InvalidOperationException>(writer.Finish);
        using TraceReader reader = TraceReader.Open(disk.ToArray(), "full");
        var log = new EventLog();
        reader.Read(log);
        Assert.InRange(log.Order.Count, 2, 198);
        Assert.Equal(TraceSample.Functions.Length, reader.Catalog.Functions.Count);
    }

    [Fact]
    public void An_index_that_lies_is_damage_not_trust()
    {
        byte[] file = SmallFile();
        using TraceReader good = TraceReader.Open(file, "t");
        ChunkEntry events = good.EventChunks.First();
        file[events.Offset.Value + 16 + 24 + 8] ^= 1;
        using TraceReader reader = TraceReader.Open(file, "t");
        reader.Read(new EventLog());
        Assert.NotNull(reader.Damage);
        Assert.Equal(events.Offset, reader.Damage.Offset);
    }

    static byte[] SmallFile() => TraceSample.Write(w =>
    {
        var random = new Random(3);
        ulong time = 1000;
        for (int i = 0; i < 6; i++)
        {
            Tid thread = i % 2 == 0 ? s_one : s_two;
            w.WriteEvents(thread, [.. Enumerable.Range(0, 25).Select(_ => new TraceEvent(new TscTime(time += (ulong)random.Next(1, 300_000)), new SiteId((uint)random.Next(1, 19)), (uint)random.Next(8) * 32))]);
            if (i % 3 == 2)
                w.WriteLost(new LostRecord(thread, new TscTime(time), i, i, 0));
            w.Flush();
        }
    });

    static EventLog ReadAll(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        var log = new EventLog();
        reader.Read(log);
        return log;
    }

    // The frame of docs/trace-format.md, written a second time on purpose.
    internal static byte[] Chunk(int type, byte[] payload)
    {
        byte[] head = [.. "CTCH"u8, .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(payload.Length)];
        uint crc = ~0u;
        foreach (byte next in head.Concat(payload))
            crc = System.Numerics.BitOperations.Crc32C(crc, next);
        return [.. head, .. BitConverter.GetBytes(~crc), .. payload];
    }

    sealed class FullDisk(int capacity) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int room = (int)Math.Min(buffer.Length, capacity - Length);
            base.Write(buffer[..room]);
            if (room < buffer.Length)
                throw new IOException("No space left on device");
        }
    }
}
