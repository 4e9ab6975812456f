using System.Diagnostics;
using System.Text.Json;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Harmless;

/// <summary>A very deep recursion, very many calls, a ring that nobody empties.</summary>
[Collection(EngineTests.Name)]
public sealed class ManyCallsTests(ITestOutputHelper output)
{
    readonly Op _graph = ManyCalls.OpOf(OpKind.Graph);
    readonly Op _count = ManyCalls.OpOf(OpKind.Count);

    [Fact]
    public void A_recursion_of_100_000_calls_needs_no_more_stack_a_call_and_is_shown_whole()
    {
        const int Depth = 100_000;
        using var folder = new ScratchFolder();
        using SmallProgram program = ManyCalls.Start();
        long alone = program.Command(ManyCalls.Recurse, Depth);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph]);
        long traced = program.Command(ManyCalls.Recurse, Depth);
        recorder.Stop();
        output.WriteLine($"stack: {alone} bytes, traced {traced}");
        Assert.InRange(traced - alone, 1, 1024); // once, below the last call

        RecordedCalls calls = RecordedCalls.Read(file, sequences: true);
        Assert.Equal((Depth + 1L, 0L, 0L), (calls.Entries, calls.LostEntries, calls.OrphanExits));
        Assert.Equal(Enumerable.Range(0, Depth + 1), calls.SequenceOf(calls.Threads.Single()).Where(e => e.Entry).Select(e => e.Depth));
        File.WriteAllBytes(folder.File("t"), file.ToArray());
        using CliRun report = CliRun.Run(0, "report", folder.File("t"), "--json");
        JsonElement deep = JsonDocument.Parse(report.Output).RootElement.GetProperty("functions").EnumerateArray().Single();
        Assert.Equal(Depth + 1, deep.GetProperty("calls").GetInt64());
        using CliRun replay = CliRun.Run(0, "replay", folder.File("t"));
        Assert.Equal(2 * Depth + 1, replay.Output.Split('\n').Count(line => line.Contains("many_deep", StringComparison.Ordinal)));
        program.AssertRight();
    }

    [Fact]
    public void Of_very_many_calls_each_is_counted_and_recorded_or_told_as_lost()
    {
        long each = LiveTest.Repeat(500_000, 50_000_000);
        using SmallProgram program = ManyCalls.Start();
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph, _count]);
        long start = Stopwatch.GetTimestamp();
        program.Control.Run(ManyCalls.Call, TimeSpan.FromMinutes(10), each);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{ManyCalls.Threads * each} calls in {took.TotalSeconds:0.00} s: {calls.Entries} recorded, {calls.LostEntries} lost; {file.Length} bytes");
        Assert.Equal(ManyCalls.Threads * each, (long)session.Counts(_count).Values.Aggregate((a, b) => a + b));
        AssertExact(program, calls, each);
        program.AssertRight();
    }

    [Fact]
    public void A_ring_that_nobody_empties_keeps_no_thread_waiting_and_tells_what_it_lost()
    {
        const long Each = 600_000, After = 1000;
        using SmallProgram program = ManyCalls.Start();
        using TraceSession session = program.Attach();
        using var file = new HeldFile();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph]);
        file.Hold();
        program.Command(ManyCalls.Call, Each); // comes to its end, though nobody reads
        file.LetGo();
        program.Command(ManyCalls.Call, After);
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{calls.Entries} recorded, {calls.LostEntries} lost");
        Assert.All(program.Control.Threads, t => Assert.True(calls.LostOf(t.Tid) > 0, "no ring was ever full"));
        AssertExact(program, calls, Each + After);
        program.AssertRight();
    }

    static void AssertExact(SmallProgram program, RecordedCalls calls, long each) =>
        Assert.All(program.Control.Threads, t => Assert.Equal(each, calls.EntriesOf(t.Tid) + calls.LostOf(t.Tid)));
}
