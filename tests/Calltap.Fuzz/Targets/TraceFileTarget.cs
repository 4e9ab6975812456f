using Calltap.Trace;

namespace Calltap.Fuzz.Targets;

/// <summary>A trace file, through everything behind <c>report</c>, <c>replay</c> and <c>export</c>.</summary>
sealed class TraceFileTarget : IFuzzTarget
{
    public string Name => "trace";

    public int MaxInput => 64 << 10;

    public InputLimits Limits => new(TimeSpan.FromSeconds(2), 512L << 20);

    public IReadOnlyList<byte[]> MakeSeeds() =>
        [Write(1, 40, finish: true), Write(2, 300, finish: true), Write(3, 2, finish: false), Write(4, 1200, finish: true)];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        List<(int Type, byte[] Payload)> chunks = TraceChunks.Split(input), others = TraceChunks.Split(other);
        for (int count = random.Next(1, 4); count > 0 && chunks.Count > 0; count--)
        {
            int at = random.Next(chunks.Count);
            (int type, byte[] payload) = chunks[at];
            switch (random.Next(8))
            {
                case 0: chunks.RemoveAt(at); break;
                case 1: chunks.Insert(random.Next(chunks.Count + 1), chunks[at]); break;
                case 2 when others.Count > 0: chunks.Insert(at, others[random.Next(others.Count)]); break;
                case 3: (chunks[at], chunks[^1]) = (chunks[^1], chunks[at]); break;
                case 4: chunks[at] = (random.Next(13), payload); break;
                default: chunks[at] = (type, Mutator.Havoc(payload, others.Count > 0 ? others[random.Next(others.Count)].Payload : payload, random, MaxInput)); break;
            }
        }
        return TraceChunks.Join(input, chunks);
    }

    public byte[] Repair(byte[] input) => TraceChunks.Join(input, TraceChunks.Split(input));

    public void Execute(byte[] input)
    {
        Read(input, skipDamage: false);
        Read(input, skipDamage: true);
    }

    static void Read(byte[] input, bool skipDamage)
    {
        try
        {
            using TraceReader reader = TraceReader.Open(input, "fuzz", skipDamage);
            Use(reader);
        }
        catch (TraceFormatException)
        {
            // of the file header only, or nothing is readable: other damage is reported by the reader
        }
    }

    static void Use(TraceReader reader)
    {
        foreach (ReportBy by in Enum.GetValues<ReportBy>())
            ReportJson.Write(ReportBuilder.Build(reader, by: by), Stream.Null);
        ReplayWriter.Write(reader, TextWriter.Null);
        ReplayWriter.Write(reader, Stream.Null, new ReplayOptions { MinTicks = 2000 });
        ReplayWriter.Write(reader, Stream.Null, new ReplayOptions { IsFlat = true });
        foreach (Tid thread in reader.Threads.Take(3)) ReplayWriter.Write(reader, TextWriter.Null, new HashSet<Tid> { thread });
        CallGraph.Build(reader, [.. reader.Catalog.Functions.Keys.Take(2)], 5);
        InfoJson.Write(TraceInfo.Of(reader), Stream.Null);
        Export(reader);
        if (reader.Skipped.Size.Value < 0 || reader.Skipped.First.Any(part => part.Size.Value <= 0))
            throw new InvalidOperationException("a part without bytes was skipped");
    }

    static void Export(TraceReader reader)
    {
        ChromeTraceWriter.Write(reader, new ExportPart(), Stream.Null);
        PerfettoWriter.Write(reader, new ExportPart(), Stream.Null);
        SpeedscopeWriter.Write(reader, new ExportPart(), Stream.Null);
        TraceDatWriter.Write(reader, new ExportPart(), Stream.Null);
        UftraceWriter.Write(reader, new ExportPart(), _ => Stream.Null);
        StackTree tree = StackTree.Build(reader, new ExportPart());
        FoldedWriter.Write(tree, reader.Catalog, StackWeight.Self, Stream.Null);
        FlameGraphWriter.Write(tree, reader.Catalog, StackWeight.Calls, Stream.Null);
    }

    /// <summary>Calls of a few threads: nested, left by exceptions, with losses, on two stacks.</summary>
    static byte[] Write(int seed, int calls, bool finish)
    {
        var random = new Random(seed);
        using var file = new MemoryStream();
        using (var writer = new TraceWriter(file))
        {
            writer.WriteSession(new SessionRecord { Machine = "m", CommandLine = "prog", Target = new Pid(42), TscHz = 1_000_000_000, Scope = "all" });
            writer.WriteModules([new ModuleRecord(0, "/bin/prog", "abcd", 4096, new TargetAddress(0x1000), new TargetAddress(0x9000))]);
            writer.WriteClock(new ClockRecord(new TscTime(1), new MonotonicNs(1)));
            writer.WriteFunctions([.. Enumerable.Range(0, 6).Select(i => new FunctionRecord(
                new FunctionId(i), 0, new ImageAddress((ulong)(64 * i)), new ByteSize(64), $"f{i}", i == 3 ? "f3(int)" : "", i == 4 ? FunctionFlags.None : FunctionFlags.AllExitsPatched))]);
            writer.WriteSites([.. Enumerable.Range(0, 12).Select(i => new SiteRecord(new SiteId((uint)i + 1), new FunctionId(i / 2), i % 2 == 0 ? SiteKind.Entry : i == 5 ? SiteKind.TailExit : SiteKind.Exit))]);
            writer.WriteThreads([new ThreadRecord(new Tid(7), "main"), new ThreadRecord(new Tid(8), "worker")]);
            writer.WriteArming(new ArmingRecord(ArmingKind.Armed, new TscTime(5), new TscTime(9), 12, 1, [new FunctionId(1)]));
            ulong time = 100;
            for (int thread = 7; thread <= 8; thread++) WriteCalls(writer, new Tid(thread), calls, random, ref time);
            writer.WriteClock(new ClockRecord(new TscTime(time), new MonotonicNs((long)time)));
            if (finish) writer.Finish();
            else writer.Flush();
        }
        byte[] made = file.ToArray();
        return TraceChunks.Join(made, TraceChunks.Split(made).Select(chunk => (chunk.Type, TraceChunks.Unpacked(chunk.Type, chunk.Payload))));
    }

    static void WriteCalls(TraceWriter writer, Tid thread, int calls, Random random, ref ulong time)
    {
        var open = new Stack<(uint Function, uint Stack)>();
        var events = new List<TraceEvent>();
        for (int i = 0; i < calls; i++)
        {
            time += (ulong)random.Next(1, 5000);
            uint stack = (open.Count == 0 ? 0x8000_0000 : open.Peek().Stack) - (uint)(16 * random.Next(1, 9));
            if (open.Count < 20 && random.Next(2) == 0)
            {
                uint function = (uint)random.Next(6);
                open.Push((function, random.Next(40) == 0 ? stack - (200u << 20) : stack));
                events.Add(new TraceEvent(new TscTime(time), new SiteId(2 * function + 1), open.Peek().Stack));
            }
            else if (open.TryPop(out (uint Function, uint Stack) call) && random.Next(12) != 0)
                events.Add(new TraceEvent(new TscTime(time), new SiteId(2 * call.Function + 2), call.Stack));
        }
        writer.WriteEvents(thread, events.ToArray().AsSpan(0, events.Count / 2));
        writer.WriteLost(new LostRecord(thread, new TscTime(time), 3, 1, 1));
        writer.WriteEvents(thread, events.ToArray().AsSpan(events.Count / 2));
    }
}
