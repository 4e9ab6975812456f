using Calltap.Trace;

namespace Calltap.AnalysisTests;

/// <summary>
/// The trace that docs/query.md asks its questions of: three seconds of a made-up server. Every second its two workers serve five requests each, 100 ms apart, and a third thread walks a tree.
/// Each second <c>lookup</c> is slower; one request has to load something; in one, <c>parse</c> throws; the last has not ended. <c>usage</c> is never called. A tick is a nanosecond.
/// </summary>
sealed class ShopTrace
{
    const ulong Origin = 5_000_000_000;
    const ulong Second = 1_000_000_000;
    const ulong Us = 1_000;
    const int Program = 1, Library = 2;

    static readonly (string Name, int Module)[] s_functions =
    [
        ("serve", Program), ("parse", Program), ("lookup", Program), ("load", Program), ("render", Program), ("walk", Program), ("deflate", Library), ("usage", Program),
    ];

    static readonly ulong[] s_lookup = [100 * Us, 150 * Us, 400 * Us];

    readonly Dictionary<int, List<TraceEvent>> _events = new() { [101] = [], [102] = [], [103] = [] };

    ShopTrace()
    {
        for (ulong second = 0; second < 3; second++)
        {
            for (ulong i = 0; i < 10; i++)
                Serve((int)(101 + (i % 2)), Origin + (second * Second) + (i * Second / 10), s_lookup[second], isSlow: (second, i) == (1, 4), throws: (second, i) == (2, 7));
            Walk(103, Origin + (second * Second) + (50_000 * Us), (int)second + 2, 0x9000);
        }
        Enter(102, Origin + (2 * Second) + (950_000 * Us), "serve", 0x8000);
    }

    /// <summary>The file.</summary>
    public static byte[] Bytes { get; } = new ShopTrace().Write();

    byte[] Write()
    {
        using var file = new MemoryStream();
        using var writer = new TraceWriter(file);
        writer.WriteSession(new SessionRecord { Machine = "box", CommandLine = "shop --port 80", Target = new Pid(100), TscHz = 1_000_000_000, Scope = "shop" });
        writer.WriteModules([Module(Program, "/usr/bin/shop"), Module(Library, "/usr/lib/libz.so.1")]);
        writer.WriteFunctions([.. s_functions.Select((function, i) => new FunctionRecord(
            new FunctionId(i), function.Module, new ImageAddress((ulong)(0x1000 + (64 * i))), new ByteSize(64), function.Name, "", FunctionFlags.AllExitsPatched))]);
        writer.WriteSites([.. s_functions.SelectMany((_, i) => new[] { SiteKind.Entry, SiteKind.Exit }.Select((kind, k) => new SiteRecord(new SiteId((uint)((2 * i) + 1 + k)), new FunctionId(i), kind)))]);
        writer.WriteThreads([new ThreadRecord(new Tid(101), "worker-0"), new ThreadRecord(new Tid(102), "worker-1"), new ThreadRecord(new Tid(103), "sweeper")]);
        foreach ((int thread, List<TraceEvent> events) in _events)
            writer.WriteEvents(new Tid(thread), events.ToArray());
        writer.Finish();
        return file.ToArray();
    }

    // serve { 10 us; parse 20 us; lookup; render { 50 us; deflate 120 us; 30 us }; 10 us }
    void Serve(int thread, ulong start, ulong lookup, bool isSlow, bool throws)
    {
        Enter(thread, start, "serve", 0x8000);
        ulong time = start + (10 * Us);
        Enter(thread, time, "parse", 0x7f00);
        if (throws)
        {
            Leave(thread, time + (15 * Us), "serve", 0x8000); // past parse, whose exits are all patched
            return;
        }
        Leave(thread, time += 20 * Us, "parse", 0x7f00);
        Enter(thread, time, "lookup", 0x7f00);
        if (isSlow)
        {
            Enter(thread, time += 100 * Us, "load", 0x7e00);
            Leave(thread, time += 4_800 * Us, "load", 0x7e00);
        }
        Leave(thread, time += lookup, "lookup", 0x7f00);
        Enter(thread, time, "render", 0x7f00);
        Enter(thread, time += 50 * Us, "deflate", 0x7e00);
        Leave(thread, time += 120 * Us, "deflate", 0x7e00);
        Leave(thread, time += 30 * Us, "render", 0x7f00);
        Leave(thread, time + (10 * Us), "serve", 0x8000);
    }

    // Each level takes 30 us by itself, 10 us before it calls the next.
    ulong Walk(int thread, ulong start, int levels, uint stack)
    {
        Enter(thread, start, "walk", stack);
        ulong time = start + (10 * Us);
        if (levels > 1)
            time = Walk(thread, time, levels - 1, stack - 0x40);
        time += 20 * Us;
        Leave(thread, time, "walk", stack);
        return time;
    }

    void Enter(int thread, ulong time, string function, uint stack) => Add(thread, time, function, stack, 1);

    void Leave(int thread, ulong time, string function, uint stack) => Add(thread, time, function, stack, 2);

    void Add(int thread, ulong time, string function, uint stack, int kind) =>
        _events[thread].Add(new TraceEvent(new TscTime(time), new SiteId((uint)((2 * Array.FindIndex(s_functions, f => f.Name == function)) + kind)), stack));

    static ModuleRecord Module(int id, string path) => new(id, path, $"ab{id}", 0, new TargetAddress((ulong)id << 20), new TargetAddress(((ulong)id << 20) + 0x9000));
}
