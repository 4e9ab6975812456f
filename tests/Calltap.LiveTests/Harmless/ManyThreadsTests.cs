using System.Diagnostics;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Harmless;

/// <summary>Hundreds of threads, thousands in the long form: calls are exact for each.</summary>
[Collection(EngineTests.Name)]
public sealed class ManyThreadsTests(ITestOutputHelper output)
{
    readonly Op _graph = ManyCalls.OpOf(OpKind.Graph);
    readonly Op _count = ManyCalls.OpOf(OpKind.Count);

    [Fact]
    public void Threads_that_all_live_at_once_are_exact_each()
    {
        int threads = LiveTest.Repeat(500, 2000);
        using SmallProgram program = ManyCalls.Start();
        program.Command(ManyCalls.Gather, threads);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        long start = Stopwatch.GetTimestamp();
        ArmReport armed = recorder.Add([_graph]);
        recorder.Add([_count]);
        recorder.Remove(_count);
        TimeSpan windows = Stopwatch.GetElapsedTime(start);
        program.Command(ManyCalls.Scatter);
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{threads} threads: first window {armed.Batch.Window.TotalMilliseconds:0.0} ms, three changes {windows.TotalMilliseconds:0} ms; {calls.Entries} calls recorded of {calls.Threads.Count} threads, {calls.LostEntries} lost");
        Assert.Equal(threads, ManyCalls.Crowd(program).Count);
        AssertExact(program, calls);
        program.AssertRight();
    }

    [Fact]
    public void Threads_that_come_and_go_are_exact_or_told_as_lost()
    {
        int threads = LiveTest.Repeat(500, 2000);
        using SmallProgram program = ManyCalls.Start();
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph]);
        program.Control.Post(ManyCalls.PassBy, threads);
        int windows = 0;
        for (long start = Stopwatch.GetTimestamp(); !program.Control.IsDone; windows += 2)
        {
            recorder.Add([_count]);
            recorder.Remove(_count);
            program.AssertAlive($"after {windows} windows");
            Assert.True(Stopwatch.GetElapsedTime(start) < EngineTests.Patience, "the threads do not end");
        }
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{threads} threads, {windows} windows: {calls.Entries} calls recorded of {calls.Threads.Count} threads, {calls.LostEntries} lost, {calls.LostOf(default)} of them by threads without a ring");
        Assert.True(windows > 0 && calls.Threads.Count > 100, "hardly a thread was recorded");
        AssertExact(program, calls);
        program.AssertRight();
    }

    /// <summary>Calls of threads that found no ring are counted together.</summary>
    static void AssertExact(SmallProgram program, RecordedCalls calls)
    {
        Dictionary<Tid, long> crowd = ManyCalls.Crowd(program);
        Assert.Equal(crowd.Values.Sum(), calls.Entries + calls.LostEntries);
        foreach ((Tid tid, long called) in crowd)
        {
            long told = calls.EntriesOf(tid) + calls.LostOf(tid);
            Assert.True(told == called || (told < called && calls.LostOf(default) > 0), $"thread {tid}: called {called}, told {told}");
        }
    }
}
