using Calltap.Benchmarks;
using Calltap.LiveTests.Cli;
using Calltap.Trace;

namespace Calltap.LiveTests.View;

/// <summary>A made-up trace that <c>calltap view</c> serves.</summary>
sealed class ViewedTrace : IDisposable
{
    const uint Top = 0x7fff_0000;
    static readonly string[] s_names = ["main", "work", "hot_leaf", "cold_leaf", "no_exits"];

    readonly ScratchFolder _folder = new();
    readonly CliRun _run;
    readonly StreamReader _output;

    ViewedTrace(Action<TraceWriter> write)
    {
        Path = _folder.File("t.calltap");
        using (FileStream file = File.Create(Path))
        {
            using var writer = new TraceWriter(file);
            write(writer);
            writer.Finish();
        }
        string address = _folder.File("address");
        _run = CliRun.StartBy(["sh", "-c", "out=$1; shift; exec \"$@\" > \"$out\"", "sh", address], "view", Path, "--no-open");
        _run.WaitFor("serving this page");
        _output = new StreamReader(File.Open(address, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Address = new Uri(_output.ReadLine()!);
    }

    /// <summary>The trace file.</summary>
    public string Path { get; }

    /// <summary>What the tool printed.</summary>
    public Uri Address { get; }

    /// <summary>The tool that serves it.</summary>
    public CliRun Run => _run;

    /// <summary>Two threads: ten times main, which calls work, which calls hot_leaf twice and cold_leaf; then a loss and a call without a known end.</summary>
    public static ViewedTrace Small() => new(writer =>
    {
        Describe(writer, s_names);
        writer.WriteThreads([new ThreadRecord(new Tid(1), "first"), new ThreadRecord(new Tid(2), "second")]);
        for (int thread = 1; thread <= 2; thread++)
        {
            List<TraceEvent> events = [];
            for (int i = 0; i < 10; i++) events.AddRange(Round((ulong)(1_000 + (i * 1_000_000))));
            writer.WriteEvents(new Tid(thread), [.. events]);
        }
        writer.WriteLost(new LostRecord(new Tid(1), new TscTime(10_000_000), 40, 2, 0));
        writer.WriteEvents(new Tid(1), [Event(12_000_000, 4, Top, 1), Event(14_000_000, 1, Top, 1), Event(15_000_000, 1, Top, 2)]);
    });

    /// <summary>So many calls of four threads, of a program of 2,000 functions.</summary>
    public static ViewedTrace Large(long calls) => new(writer =>
    {
        EventShape shape = EventShape.All.Single(shape => shape.Name == "program, 2,000");
        Describe(writer, [.. Enumerable.Range(0, shape.Functions).Select(id => $"function_{id}")]);
        TraceEvent[] some = shape.Generate(1 << 19);
        ulong length = some[^1].Time.Value - some[0].Time.Value + 1;
        for (long written = 0; written < calls * 2; written += 4 * some.Length)
        {
            for (int thread = 1; thread <= 4; thread++) writer.WriteEvents(new Tid(thread), some);
            for (int i = 0; i < some.Length; i++) some[i] = some[i] with { Time = new TscTime(some[i].Time.Value + length) };
        }
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _output.Dispose();
        _folder.Dispose();
    }

    // main 900,000 ns [work 500,000 [hot_leaf 200,000, hot_leaf 100,000, cold_leaf 50,000]]
    static TraceEvent[] Round(ulong at) =>
    [
        Event(at, 0, Top, 1), Event(at + 100_000, 1, Top - 64, 1),
        Event(at + 150_000, 2, Top - 128, 1), Event(at + 350_000, 2, Top - 128, 2), Event(at + 360_000, 2, Top - 128, 1), Event(at + 460_000, 2, Top - 128, 2),
        Event(at + 500_000, 3, Top - 128, 1), Event(at + 550_000, 3, Top - 128, 2),
        Event(at + 600_000, 1, Top - 64, 2), Event(at + 900_000, 0, Top, 2),
    ];

    static TraceEvent Event(ulong time, int function, uint stack, int kind) => new(new TscTime(time), new SiteId((uint)((2 * function) + kind)), stack);

    static void Describe(TraceWriter writer, string[] names)
    {
        writer.WriteSession(new SessionRecord { CommandLine = "made up", Target = new Pid(1), TscHz = 1_000_000_000 });
        writer.WriteModules([new ModuleRecord(1, "/usr/bin/made-up", "", 0, new TargetAddress(0x1000), new TargetAddress(0x9000))]);
        writer.WriteFunctions([.. names.Select((name, id) => new FunctionRecord(
            new FunctionId(id), 1, new ImageAddress((ulong)id * 64), new ByteSize(64), name, "", name == "no_exits" ? FunctionFlags.None : FunctionFlags.AllExitsPatched))]);
        writer.WriteSites([.. names.SelectMany((name, id) => new[] { Site(id, 1, SiteKind.Entry), Site(id, 2, SiteKind.Exit) }.Take(name == "no_exits" ? 1 : 2))]);
    }

    static SiteRecord Site(int function, int number, SiteKind kind) => new(new SiteId((uint)((2 * function) + number)), new FunctionId(function), kind);
}
