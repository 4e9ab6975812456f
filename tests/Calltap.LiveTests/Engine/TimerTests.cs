using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Signal handlers that are traced themselves interrupt traced code anywhere, on the same stack and on another.</summary>
[Collection(EngineTests.Name)]
public sealed class TimerTests(ITestOutputHelper output)
{
    const int Threads = 2;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["timed_*"], []), "graph");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["timed_*"], []), "count");

    [Fact]
    public void Calls_of_handlers_and_of_what_they_interrupt_are_exact()
    {
        using SmallProgram program = SmallProgram.Start("timers", Threads, 2);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph, _count]);
        program.Run(LiveTest.Repeat(3_000, 100_000));
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        long handled = program.Counted(1), roots = program.Counted(0);
        output.WriteLine($"{roots} calls, {handled} in handlers ({program.Control.Result(1)} on the alternate stack), lost {calls.LostEntries}");
        Assert.True(program.Control.Result(0) > 100 && program.Control.Result(1) > 100, "the timers must have fired");
        foreach ((string name, long called) in new[] { ("timed_root", roots), ("timed_leaf", 3 * roots + handled), ("timed_handled", handled) })
        {
            FunctionId id = session.Catalog.Functions.Single(f => f.Name == name).Id;
            Assert.Equal((ulong)called, session.Counts(_count)[id]);
            if (calls.LostEntries == 0) Assert.Equal(called, calls.EntriesOf(id));
        }
        Assert.Equal(4 * roots + 2 * handled, calls.Entries + calls.LostEntries);
        program.AssertRight();
    }

    [Fact]
    public void No_exit_of_a_handler_or_of_what_it_interrupts_lacks_its_call()
    {
        using SmallProgram program = SmallProgram.Start("timers", Threads, 2);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph, _count]);
        for (int i = 0; i < LiveTest.Repeat(40, 500); i++)
        {
            program.Run(250); // fewer events than a ring holds: none is lost
            long events = 2 * (4 * program.Counted(0) + 2 * program.Counted(1));
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => recorder.Progress.Events >= events), "the drain must catch up");
        }
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{calls.Entries} calls, {program.Counted(1)} in handlers ({program.Control.Result(1)} on the alternate stack), {calls.OrphanExits} orphan exits");
        Assert.Equal(0, calls.LostEntries);
        Assert.True(program.Control.Result(1) > 20, "the timers must have fired");
        Assert.Equal(0, calls.OrphanExits);
    }

    [Theory]
    [InlineData(Answering.Guard)]
    [InlineData(Answering.HandlerAlone)]
    public void Handlers_run_right_through_windows(Answering answering)
    {
        answering.SkipUnlessAllowed();
        using SmallProgram program = SmallProgram.Start("timers", Threads, 2);
        using TraceSession session = program.Attach();
        session.AnswerBy(answering);
        program.Control.Post(1, 1_000_000_000);
        // Without a ptracer, a thread that takes thousands of signals a second is hard to see between two of them: a region is left out more often.
        int rounds = answering == Answering.Guard ? LiveTest.Repeat(40, 1000) : LiveTest.Repeat(1, 60), armed = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            armed += session.Add(_graph).Armed; // a saved context may leave a function out
            session.Add(_count);
            session.Remove(_graph);
            Assert.Equal(0, session.Remove(_count).Armed);
            Assert.True(program.IsRunning, $"round {i}: {program.Output}");
            Assert.Equal(0, program.Control.WrongResults);
        }
        output.WriteLine($"{4 * rounds} windows in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, {armed} of {3 * rounds} armed at once, {session.Traps.Hits + session.Traps.AnsweredInTarget} hits");
        Assert.True(armed >= rounds + (answering == Answering.Guard ? 1 : 0));
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }
}
