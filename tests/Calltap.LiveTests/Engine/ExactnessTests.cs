using System.Diagnostics;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Engine;

/// <summary>Exact means: recorded + lost = called, for each thread and function, and results never change.</summary>
[Collection(EngineTests.Name)]
public sealed class ExactnessTests(ITestOutputHelper output)
{
    [Fact]
    public void Recorded_is_called_for_each_thread_and_function()
    {
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        using TraceSession session = shapes.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add([ShapesAtWork.OpOf(OpKind.Graph)]);
        output.WriteLine($"armed {armed.Armed} of {armed.Wanted} in {armed.Batch.Window.TotalMilliseconds:0.0} ms; refused: {Reasons(armed)}");
        Assert.True(TextImage.Differences(session.Target, session.Catalog.Modules[0]) > armed.Armed, "the text must have changed");

        long[][] before = shapes.Counts();
        double seconds = Paced(shapes);
        long[][] after = shapes.Counts();
        Assert.NotNull(recorder.Stop());
        RecordedCalls calls = RecordedCalls.Read(file);

        long called = AssertExact(shapes, session, armed, calls, before, after);
        output.WriteLine($"{called} calls in {seconds:0.00} s: {called / seconds / 1e6:0.00} M calls/s, lost {calls.LostEntries}");
        Assert.True(called > 100_000, "the program must have called");
        Assert.Equal(0, calls.LostEntries);
        Assert.Equal(0, calls.UnknownSites);
        TextImage.AssertRestored(session.Target, session.Catalog);
        shapes.AssertRight();
    }

    static double Paced(ShapesAtWork shapes)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 8; i++) shapes.Run(2);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static string Reasons(ArmReport armed) =>
        string.Join(", ", armed.Refused.GroupBy(r => r.Reason).Select(g => $"{g.Count()} x {g.Key}"));

    /// <summary>For every thread: recorded = called, function by function, but for what it lost.</summary>
    static long AssertExact(
        ShapesAtWork shapes, TraceSession session, ArmReport armed, RecordedCalls calls, long[][] before, long[][] after)
    {
        HashSet<FunctionId> refused = [.. armed.Refused.Select(r => r.Function.Id)];
        var columns = ShapesAtWork.Columns(session);
        long total = 0;
        for (int thread = 0; thread < ShapesAtWork.Threads; thread++)
        {
            Tid tid = shapes.Control.Threads[thread].Tid;
            long missing = 0;
            foreach ((FunctionId id, int column) in columns)
            {
                if (refused.Contains(id)) continue;
                long called = after[thread][column] - before[thread][column], recorded = calls.EntriesOf(tid, id);
                Assert.True(recorded <= called, $"thread {tid}: {session.Catalog.Functions[id.Value].Name} called {called}, recorded {recorded}");
                missing += called - recorded;
                total += called;
            }
            Assert.Equal(calls.LostOf(tid), missing);
        }
        return total;
    }
}
