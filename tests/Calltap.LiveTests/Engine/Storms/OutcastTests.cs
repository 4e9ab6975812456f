using Calltap.Cli.Demo;
using Calltap.Code.Emit;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>Tracers killed in windows of targets that may do less than others: the ways out of last resort.</summary>
[Collection(EngineTests.Name)]
public sealed class OutcastTests(ITestOutputHelper output)
{
    const int Threads = 4;
    const int DropPrivileges = 1, LeaveRoot = 2, Ask = 3, BlockTraps = 4;
    const int EACCES = 13, ENOENT = 2;

    readonly Random _random = new(1);

    /// <summary>Its own memory file is not its own any more: the helper makes the process dumpable for the moment in which it opens it.</summary>
    [Theory]
    [InlineData(Answering.Guard)]
    [InlineData(Answering.HandlerAlone)]
    public void A_window_ends_in_a_process_that_has_dropped_its_privileges(Answering answering)
    {
        answering.SkipUnlessAllowed();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, which the target gives up");
        using SmallProgram program = SmallProgram.Start("kept", Threads);
        AssertCut(program, DropPrivileges, EACCES);
        int kills = LiveTest.Repeat(2, 40);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        for (int i = 0; i < kills; i++)
        {
            LeftSession left = KillInWindow(program, target, i, answering);
            Assert.True(left.LastWindow is { Open: false, Ended: true }, "the helper must have ended the window");
            AssertCut(program, Ask, EACCES); // as before
            Restore(program, target, left, byCommand: i % 4 == 1);
        }
        AssertCanBeTraced(program);
    }

    /// <summary>Without /proc the helper can write nothing: the breakpoints stay, answered by the handler, until somebody detaches.</summary>
    [Theory]
    [InlineData(Answering.Guard)]
    [InlineData(Answering.HandlerAlone)]
    public void Breakpoints_are_answered_until_detach_in_a_process_without_proc(Answering answering)
    {
        answering.SkipUnlessAllowed();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, for chroot");
        using SmallProgram program = SmallProgram.Start("kept", Threads);
        AssertCut(program, LeaveRoot, ENOENT);
        int wanted = LiveTest.Repeat(1, 40), standing = 0;
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        for (int i = 0; standing < wanted; i++)
        {
            Assert.True(i <= 8 * wanted + 8, $"{i} kills, {standing} of {wanted} left breakpoints");
            LeftSession left = KillInWindow(program, target, i, answering);
            Assert.False(left.LastWindow.Ended);
            int breakpoints = WindowWatch.CountBreakpoints(target, catalog.Modules[0]);
            if (breakpoints > 0)
            {
                standing++;
                AssertAnswers(program, new WindowWatch(target), breakpoints);
            }
            Restore(program, target, left, byCommand: i % 4 == 1);
        }
        AssertCanBeTraced(program);
        Directory.Delete(program.Output.Trim());
    }

    /// <summary>
    /// A thread that blocks SIGTRAP and hits a breakpoint makes the kernel reset the action for all. The handler is put back before the next
    /// step: a tracer may die then, and other threads are answered.
    /// </summary>
    [Fact]
    public void The_handler_is_back_before_the_next_step_when_a_blocked_breakpoint_has_reset_the_action()
    {
        using SmallProgram program = SmallProgram.Start("kept", Threads);
        program.Control.Run(BlockTraps, EngineTests.Patience);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        int wanted = LiveTest.Repeat(1, 20), kills = 0, tries = 0;
        while (kills < wanted)
        {
            program.Control.Work = 0;
            using var tracer = new PreparedTracer(program.Pid, kills);
            tracer.Begin();
            tracer.AwaitChanges(1);
            var window = new WindowWatch(target);
            Deadline patience = Deadline.In(2 * EngineTests.Patience);
            while (!StopAfterReset(program, target, tracer, window, ref tries)) Assert.False(patience.IsPast, $"the handler was never seen to be put back in {tries} windows in which it was reset");
            tracer.Kill();
            tracer.Reap();
            kills++;
            AssertWorks(program, from: 1);
            HelperPlace.AwaitOrphan(target);
            program.Control.Work = 0;
            Restore(program, target, LeftSession.Find(target)!, byCommand: false);
        }
        output.WriteLine($"{tries} windows in which the action was reset; in {kills} of them the tracer was killed behind the next step, with the handler back");
        program.Control.Work = 0;
        AssertCanBeTraced(program);
    }

    /// <summary>
    /// Stops the tracer behind the step to tails of a window in which the action had been reset before, the blocking thread at rest. True when
    /// the handler stands there.
    /// </summary>
    static bool StopAfterReset(SmallProgram program, TargetProcess target, PreparedTracer tracer, WindowWatch window, ref int tries)
    {
        window.Await(WindowTableLayout.HeadsOnly);
        bool reset = false;
        while (window.State == WindowTableLayout.HeadsOnly) reset |= !CatchesTraps(target);
        if (!reset) return false;
        tries++;
        program.Control.Work = 1;
        tracer.Stop();
        bool rests = Deadline.In(TimeSpan.FromMilliseconds(200)).Poll(() => program.Control.Threads[0].Resting);
        if (rests && window.State == WindowTableLayout.Tails && CatchesTraps(target)) return true;
        tracer.GoOn();
        program.Control.Work = 0;
        return false;
    }

    static bool CatchesTraps(TargetProcess target) =>
        target.ReadStatus(new Tid(target.Pid.Value)) is { } status && (status.CaughtSignals & Signals.Bit(Signals.SIGTRAP)) != 0;

    /// <summary>Gives a command, after which the target can't open its own memory file.</summary>
    static void AssertCut(SmallProgram program, int command, int error)
    {
        program.Control.Run(command, EngineTests.Patience);
        if (error == EACCES) Assert.Equal(0, program.Control.Result(0));
        Assert.True(program.Control.Result(1) == error, $"opening its memory file gives {program.Control.Result(1)}");
    }

    LeftSession KillInWindow(SmallProgram program, TargetProcess target, int number, Answering answering)
    {
        using var tracer = new PreparedTracer(program.Pid, number, answering);
        tracer.Begin();
        tracer.AwaitChanges(1 + _random.Next(4));
        // Stopped first: a window is over before a kill that is only aimed at it arrives.
        tracer.StopIn(number % 2 == 1 ? WindowTableLayout.Tails : WindowTableLayout.HeadsOnly, new WindowWatch(target));
        tracer.Kill();
        tracer.Reap();
        program.AssertAlive($"after kill {number}");
        HelperPlace.AwaitOrphan(target);
        return LeftSession.Find(target)!;
    }

    /// <summary>Threads go on through breakpoints that stand.</summary>
    void AssertAnswers(SmallProgram program, WindowWatch window, int breakpoints)
    {
        long before = window.Answered;
        AssertWorks(program);
        Assert.True(StormTarget.Await(() => window.Answered > before + 100), "no breakpoint is hit");
        Assert.NotEqual(WindowTableLayout.Closed, window.State);
        output.WriteLine($"{breakpoints} breakpoints stand, {window.Answered} hits answered so far without a tracer");
    }

    static void Restore(SmallProgram program, TargetProcess target, LeftSession left, bool byCommand)
    {
        if (left.IsDetached) return;
        if (byCommand) CliRun.Run(0, "detach", "-p", $"{target.Pid}").Dispose();
        else Assert.Empty(left.Restore().Refused);
        TextImage.AssertRestored(target, FunctionCatalog.Load(target, FunctionScope.Executable, []));
        Assert.False(CatchesTraps(target), "the program has no action for SIGTRAP of its own");
        AssertWorks(program);
    }

    static void AssertWorks(SmallProgram program, int from = 0)
    {
        ControlThread[] before = [.. program.Control.Threads];
        bool all = StormTarget.Await(() => !program.IsRunning || Enumerable.Range(from, Threads - from).All(i => program.Control.Threads[i].Rounds > before[i].Rounds + 2));
        program.AssertAlive("at work");
        Assert.True(all, "a thread does not go on");
        Assert.Equal(0, program.Control.WrongResults);
    }

    static void AssertCanBeTraced(SmallProgram program)
    {
        using (TraceSession session = program.Attach())
        {
            var op = new Op(OpKind.Count, FunctionFilter.Parse(["kept_*"], []), "kept");
            Assert.Equal(8, session.Add(op).Armed);
            Assert.True(StormTarget.Await(() => session.Counts(op).Values.All(n => n > 0)), "calls are not counted");
            session.Detach();
            TextImage.AssertRestored(session.Target, session.Catalog);
        }
        program.AssertRight();
    }
}
