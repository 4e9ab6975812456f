using Calltap.Code.Emit;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>
/// A tracer that is stopped in the middle of a window, with its guard: threads wait that hit a breakpoint meanwhile, and nothing else
/// happens to them. When it goes on, or is killed as it is, so do they.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class StoppedTracerTests(ITestOutputHelper output)
{
    const int Functions = 400, Threads = 4;

    static readonly TimeSpan s_stop = TimeSpan.FromMilliseconds(LiveTest.Repeat(300, 5000));

    [Theory]
    [InlineData(WindowTableLayout.HeadsOnly, false, Answering.Guard)]
    [InlineData(WindowTableLayout.HeadsOnly, true, Answering.Guard)]
    [InlineData(WindowTableLayout.Tails, false, Answering.Guard)]
    [InlineData(WindowTableLayout.Tails, true, Answering.Guard)]
    [InlineData(WindowTableLayout.HeadsOnly, false, Answering.HandlerAlone)]
    [InlineData(WindowTableLayout.Tails, true, Answering.HandlerAlone)]
    public void A_tracer_may_be_stopped_in_a_window(byte state, bool killed, Answering answering)
    {
        answering.SkipUnlessAllowed();
        using StormTarget storm = StormTarget.StartDemo(Functions, Threads);
        using TargetProcess target = TargetProcess.Open(storm.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        int rounds = LiveTest.Repeat(1, 10);
        for (int i = 0; i < rounds; i++)
        {
            using var tracer = new PreparedTracer(storm.Pid, i, answering);
            tracer.Begin();
            tracer.AwaitChanges(1 + i);
            var window = new WindowWatch(target);
            tracer.StopIn(state, window);
            Observe(storm, target, catalog.Modules[0]);
            if (!killed) AssertGoesOn(storm, tracer);
            if (!killed) tracer.StopIn(state, window);
            tracer.Kill();
            tracer.Reap();
            storm.AssertWorks("when the tracer was killed");
            HelperPlace.AwaitOrphan(target);
            LeftSession left = LeftSession.Find(target)!;
            Assert.False(left.LastWindow.Open);
            Assert.True(left.LastWindow.Ended, "the helper must have ended the window");
            if (!left.IsDetached) Assert.Empty(left.Restore().Refused);
            TextImage.AssertRestored(target, catalog);
            storm.AssertWorks("when every byte was restored");
        }
        storm.AssertRight();
    }

    static void AssertGoesOn(StormTarget storm, PreparedTracer tracer)
    {
        long changes = tracer.Changes;
        tracer.GoOn();
        tracer.AwaitChanges(changes + 3);
        storm.AssertWorks("when the tracer went on");
    }

    /// <summary>What becomes of the target's threads: some wait at breakpoints, in a stop that only their tracer can end.</summary>
    void Observe(StormTarget storm, TargetProcess target, TargetModule module)
    {
        long[] atFirst = storm.Work();
        Thread.Sleep(s_stop / 2);
        long[] halfway = storm.Work();
        Thread.Sleep(s_stop / 2);
        long[] atLast = storm.Work();
        storm.AssertAlive("while its tracer was stopped");
        Assert.Equal(0, storm.Control.WrongResults);
        int waiting = target.ReadThreads().Count(tid => ProcFiles.TryReadText(ProcFiles.Thread(target.Pid, tid, "stat"))?.Contains(") t ", StringComparison.Ordinal) == true);
        output.WriteLine($"stopped for {s_stop.TotalSeconds} s with {WindowWatch.CountBreakpoints(target, module)} breakpoints in the text: {waiting} of {Threads} threads wait for the tracer; "
            + $"calls and rounds of each in the first half {Differences(atFirst, halfway)}, in the second {Differences(halfway, atLast)}");
    }

    static string Differences(long[] before, long[] after) => string.Join(' ', after.Zip(before, (a, b) => a - b));
}
