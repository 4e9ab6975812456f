using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Engine;

/// <summary>Threads that come and go: each gets a ring, and gives it back.</summary>
[Collection(EngineTests.Name)]
public sealed class ChurnTests(ITestOutputHelper output)
{
    const int Lanes = 4;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["churn_leaf"], []), "churn");

    [Fact]
    public void Recorded_and_lost_is_called_over_thousands_of_threads()
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph]);
        int threads = LiveTest.Repeat(1000, 10_000);
        program.Run(threads);
        recorder.Stop();
        Assert.Null(recorder.Failure);
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{Lanes * threads} threads, {program.Counted(0)} calls: recorded {calls.Entries} of {calls.Threads.Count} threads, lost {recorder.Progress.LostEntries}");
        Assert.Equal(300L * Lanes * threads, program.Counted(0));
        Assert.Equal(program.Counted(0), calls.Entries + recorder.Progress.LostEntries);
        Assert.True(calls.Threads.Count > 1000, "rings must go round");
        program.AssertRight();
    }

    /// <summary>The session goes while the drain still gives back what threads have left.</summary>
    [Fact]
    public void A_recording_stops_right_while_threads_end()
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1);
        program.Control.Post(1, 1_000_000);
        int rounds = LiveTest.Repeat(20, 500);
        for (int i = 0; i < rounds; i++)
        {
            using TraceSession session = program.Attach();
            using var recorder = new Recorder(session, new MemoryStream(), new RecordOptions());
            recorder.Add([_graph]);
            Thread.Sleep(10);
            Assert.NotNull(recorder.Stop());
            Assert.True(recorder.Failure is null, $"round {i}: {recorder.Failure}");
        }
        program.AssertRight();
    }

    [Fact]
    public void Threads_may_come_and_go_in_a_window()
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1);
        using TraceSession session = program.Attach();
        program.Control.Post(1, 1_000_000);
        int rounds = LiveTest.Repeat(40, 1000);
        double worst = 0;
        long start = Stopwatch.GetTimestamp(), before = program.Control.Threads.Sum(t => t.Rounds);
        for (int i = 0; i < rounds; i++)
        {
            ArmReport added = session.Add(_graph);
            Assert.True(added.Armed == 1, $"round {i}: {string.Join(", ", added.Refused.Select(r => r.Reason))}; {string.Join(", ", added.Batch.Steps.Select(s => $"{s.Step} {s.Time.TotalMilliseconds:0.0}"))}");
            ArmReport removed = session.Remove(_graph);
            Assert.Equal(0, removed.Armed);
            worst = Math.Max(worst, Math.Max(added.Batch.Window.TotalMilliseconds, removed.Batch.Window.TotalMilliseconds));
            Assert.True(program.IsRunning, program.Output);
        }
        double perSecond = (program.Control.Threads.Sum(t => t.Rounds) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        output.WriteLine($"{2 * rounds} windows among {program.Control.Threads.Sum(t => t.Rounds)} threads, {perSecond:0} a second, the longest {worst:0} ms; {session.Traps.Hits} breakpoints");
        Assert.True(perSecond > 100 && session.Traps.Hits > 0, "hardly a thread came and went"); // some thousands, on a machine that is not too busy
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }
}
