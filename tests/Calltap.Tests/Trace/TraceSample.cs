using Calltap.Trace;

namespace Calltap.Tests.Trace;

/// <summary>A small program's description and a way to write its events: function n has entry site 3n+1, exit 3n+2, tail exit 3n+3.</summary>
static class TraceSample
{
    public static readonly FunctionRecord[] Functions =
    [
        Function(0, "main", FunctionFlags.AllExitsPatched),
        Function(1, "f", FunctionFlags.AllExitsPatched),
        Function(2, "g", FunctionFlags.AllExitsPatched),
        Function(3, "h", FunctionFlags.AllExitsPatched),
        Function(4, "leaky", FunctionFlags.None),
        Function(5, "_ZN1a1bEi", FunctionFlags.AllExitsPatched) with { Demangled = "a::b(int)" },
    ];

    public static SiteRecord[] Sites =>
    [
        .. Functions.SelectMany(f => new[] { SiteKind.Entry, SiteKind.Exit, SiteKind.TailExit }
            .Select((kind, i) => new SiteRecord(new SiteId((uint)((3 * f.Id.Value) + 1 + i)), f.Id, kind))),
    ];

    public static TraceEvent Entry(ulong time, string function, uint stack) => Event(time, function, stack, 1);

    public static TraceEvent Exit(ulong time, string function, uint stack) => Event(time, function, stack, 2);

    public static TraceEvent Tail(ulong time, string function, uint stack) => Event(time, function, stack, 3);

    public static void Describe(TraceWriter writer)
    {
        writer.WriteSession(new SessionRecord { Machine = "box", CommandLine = "prog --x", Target = new Pid(42), TscHz = 1_000_000_000, Scope = "prog" });
        writer.WriteModules([new ModuleRecord(7, "/usr/bin/prog", "abcd", -4096, new TargetAddress(0x1000), new TargetAddress(0x9000))]);
        writer.WriteFunctions(Functions);
        writer.WriteSites(Sites);
    }

    public static byte[] Write(Action<TraceWriter> body, bool finish = true)
    {
        using var file = new MemoryStream();
        using var writer = new TraceWriter(file);
        Describe(writer);
        body(writer);
        writer.Flush();
        if (finish)
            writer.Finish();
        return file.ToArray();
    }

    static FunctionRecord Function(int id, string name, FunctionFlags flags) =>
        new(new FunctionId(id), 7, new ImageAddress((ulong)(0x1000 + (id * 64))), new ByteSize(64), name, "", flags);

    static TraceEvent Event(ulong time, string function, uint stack, uint kind)
    {
        int id = Array.FindIndex(Functions, f => f.DisplayName == function);
        return new TraceEvent(new TscTime(time), new SiteId((uint)(3 * id) + kind), stack);
    }
}

/// <summary>Keeps what a reader delivers.</summary>
sealed class EventLog : IEventVisitor
{
    public Dictionary<Tid, List<TraceEvent>> Threads { get; } = [];

    public List<(Tid Thread, TraceEvent Event)> Order { get; } = [];

    public List<LostRecord> Lost { get; } = [];

    public List<(LostRecord Lost, int Before)> LostAfter { get; } = [];

    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        if (!Threads.TryGetValue(thread, out List<TraceEvent>? list))
            Threads.Add(thread, list = []);
        foreach (TraceEvent next in events)
        {
            list.Add(next);
            Order.Add((thread, next));
        }
    }

    public void OnLost(in LostRecord lost)
    {
        Lost.Add(lost);
        LostAfter.Add((lost, Threads.TryGetValue(lost.Thread, out List<TraceEvent>? list) ? list.Count : 0));
    }
}
