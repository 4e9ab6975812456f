using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Children of the target work right, whenever they were born, and write no events; vfork and posix_spawn go on.</summary>
[Collection(EngineTests.Name)]
public sealed class ForkTests(ITestOutputHelper output)
{
    const int Threads = 6;
    const string Functions = "forked_*";

    [Fact]
    public void Children_work_right_while_functions_are_armed_and_disarmed()
    {
        using SmallProgram program = SmallProgram.Start("forks", Threads, 1);
        using TraceSession session = program.Attach();
        var op = new Op(OpKind.Graph, FunctionFilter.Parse([Functions], []), "forks");
        int rounds = LiveTest.Repeat(60, 1500);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            Assert.Equal(2, session.Add(op).Armed);
            Assert.Equal(0, session.Remove(op).Armed);
            Assert.True(program.IsRunning && program.Control.Result(3) == 0, $"round {i}: {program.Output}");
        }
        output.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {program.Control.Result(0)} forks, {program.Control.Result(1)} spawns, {program.Control.Result(2)} vforks, {program.Control.Result(4)} programs executed, {program.Control.Result(5)} read from, {program.Control.Result(6)} daemons");
        AssertBusy(program, 0);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    [Fact]
    public void Calls_of_fork_children_are_not_in_the_trace()
    {
        using SmallProgram program = SmallProgram.Start("forks", Threads, 1);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse([Functions], []), "forks")]);
        long before = program.Control.Result(0);
        AssertBusy(program, before);
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        Assert.True(calls.Entries > 0);
        Assert.Equal(0, calls.LostEntries);
        // Each child makes 11,000 calls: far more than the parent's threads do between two forks.
        Tid[] own = [.. program.Control.Threads.Select(t => t.Tid)];
        Assert.All(calls.Threads, tid => Assert.Contains(tid, own));
        Assert.True(calls.Entries < program.Counted(0), $"recorded {calls.Entries}, called {program.Counted(0)}");
        program.AssertRight();
    }

    /// <summary>A few dozen forks, spawns and vforks more, and some programs and daemons.</summary>
    static void AssertBusy(SmallProgram program, long before)
    {
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => Enumerable.Range(0, 3).All(i => program.Control.Result(i) >= before + 20)
            && Enumerable.Range(4, 3).All(i => program.Control.Result(i) >= 5)), program.Output);
        Assert.Equal(0, program.Control.Result(3));
    }
}
