using Calltap.Trace;

namespace Calltap.AnalysisTests;

/// <summary>Made-up traces, a tick of which is two nanoseconds, so that sums are exact: function n has entry site 2n+1 and exit site 2n+2.</summary>
static class ForestTrace
{
    const int Functions = 7;

    /// <summary>Threads that call functions at random, recursion included; the last calls of each have not ended.</summary>
    public static byte[] Write(int threads, int events)
    {
        return File(Functions, writer =>
        {
            for (int thread = 1; thread <= threads; thread++)
            {
                var random = new Random(thread);
                List<TraceEvent> all = [];
                ulong time = 1_000;
                while (all.Count < events)
                    Call(all, random, ref time, 0, 0x7000_0000);
                writer.WriteEvents(new Tid(thread), all.ToArray().AsSpan(0, events));
            }
        });
    }

    /// <summary>So many functions, each called once; then one whose site is known and whose function is not, and two events of no known site.</summary>
    public static byte[] OneCallEach(int functions) => File(functions, writer =>
    {
        writer.WriteSites([.. SitesOf(functions)]);
        var events = new List<TraceEvent>();
        for (int function = 0; function <= functions; function++)
            events.AddRange([Event((ulong)(10 + (20 * function)), function, 1, 0x1000), Event((ulong)(20 + (20 * function)), function, 2, 0x1000)]);
        events.AddRange([Event((ulong)(1_000 + (20 * functions)), functions + 1, 1, 0x1000), Event((ulong)(1_001 + (20 * functions)), functions + 1, 2, 0x1000)]);
        writer.WriteEvents(new Tid(1), events.ToArray());
    });

    /// <summary>A tid that is used by two processes, one after another.</summary>
    public static byte[] TwoProcesses() => File(Functions, writer =>
    {
        writer.WriteProcesses([new ProcessRecord(1, new Pid(10), 0, new TscTime(1), "make", "make all"), new ProcessRecord(2, new Pid(20), 1, new TscTime(2), "cc", "cc -c x.c")]);
        writer.WriteTasks([new TaskRecord(new Tid(7), new Tid(7), 1), new TaskRecord(new Tid(TaskRecord.FirstMade), new Tid(7), 2)]);
        writer.WriteEvents(new Tid(7), [Event(10, 0, 1, 0x1000), Event(20, 0, 2, 0x1000)]);
        writer.WriteEvents(new Tid(TaskRecord.FirstMade), [Event(30, 0, 1, 0x1000), Event(40, 1, 1, 0xf00), Event(50, 1, 2, 0xf00), Event(60, 0, 2, 0x1000)]);
    });

    static byte[] File(int functions, Action<TraceWriter> body)
    {
        using var file = new MemoryStream();
        using var writer = new TraceWriter(file);
        writer.WriteSession(new SessionRecord { CommandLine = "forest", Target = new Pid(1), TscHz = 500_000_000 });
        writer.WriteModules([new ModuleRecord(1, "/usr/bin/forest", "", 0, new TargetAddress(0x1000), new TargetAddress(0x9000))]);
        writer.WriteFunctions([.. Enumerable.Range(0, functions).Select(i => new FunctionRecord(new FunctionId(i), 1, new ImageAddress((ulong)i), new ByteSize(1), $"f{i}", "", FunctionFlags.AllExitsPatched))]);
        writer.WriteSites([.. Enumerable.Range(0, functions).SelectMany(SitesOf)]);
        body(writer);
        writer.Finish();
        return file.ToArray();
    }

    static SiteRecord[] SitesOf(int function) =>
        [new SiteRecord(new SiteId((uint)((2 * function) + 1)), new FunctionId(function), SiteKind.Entry), new SiteRecord(new SiteId((uint)((2 * function) + 2)), new FunctionId(function), SiteKind.Exit)];

    static void Call(List<TraceEvent> all, Random random, ref ulong time, int depth, uint stack)
    {
        int function = random.Next(Functions);
        all.Add(Event(time += (ulong)random.Next(1, 5_000), function, 1, stack));
        for (int calls = random.Next(4); calls > 0 && depth < 14; calls--)
            Call(all, random, ref time, depth + 1, stack - (uint)(16 * random.Next(1, 8)));
        all.Add(Event(time += (ulong)random.Next(1, 5_000), function, 2, stack));
    }

    static TraceEvent Event(ulong time, int function, int kind, uint stack) => new(new TscTime(time), new SiteId((uint)((2 * function) + kind)), stack);
}
