using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A job that its shell (jobs.c) stops and continues, by SIGSTOP and by ^Z on a terminal, while it is armed and disarmed: it stays stopped until it is
/// continued, and the shell is told of each stop and continuation, once.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class JobControlTests(ITestOutputHelper output)
{
    const int Threads = 3, RunRounds = 1, BySignal = 0, ByKey = 1;
    static readonly TimeSpan s_shortestStop = TimeSpan.FromMilliseconds(12); // SETTLE_MS in jobs.c

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["job_*"], []), "jobs");

    [Theory]
    [InlineData(BySignal)]
    [InlineData(ByKey)]
    public void Stops_and_continuations_are_neither_lost_nor_invented(int how)
    {
        using SmallProgram shell = SmallProgram.Start("jobs", Threads);
        using TraceSession session = TraceSession.Attach(JobOf(shell), new SessionOptions());
        int rounds = LiveTest.Repeat(20, 1500), windows = 0, refused = 0, spanning = 0;
        long start = Stopwatch.GetTimestamp();
        shell.Control.Post(RunRounds, rounds, how);
        bool wanted = true;
        while (!shell.Control.IsDone || (spanning == 0 && shell.Control.Result(1) < 20 * rounds && shell.Control.Result(2) == 0))
        {
            Assert.True(shell.IsRunning, shell.Output);
            if (shell.Control.IsDone) shell.Control.Post(RunRounds, rounds, how); // on a busy machine
            if (Change(session, ref wanted) is not { } report) refused++;
            else
            {
                windows++;
                if (report.Batch.Window >= s_shortestStop) spanning++;
            }
        }
        output.WriteLine($"{shell.Control.Result(1)} stops in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {windows} windows, {spanning} of them with a stop inside, {refused} refused; {session.Traps.Hits} breakpoints");
        Assert.True(shell.Control.Result(2) == 0, shell.Output);
        Assert.True(spanning > 0, "no stop came into a window");
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        shell.AssertRight();
    }

    /// <summary>The control: the guard lets a stopped thread run.</summary>
    [Fact]
    public void The_shell_notices_a_job_that_runs_while_it_is_stopped()
    {
        using SmallProgram shell = SmallProgram.Start("jobs", Threads);
        using TraceSession session = TraceSession.Attach(JobOf(shell), new SessionOptions());
        session.Broken = BrokenRules.GroupStopsContinued;
        shell.Control.Post(RunRounds, 500, BySignal);
        bool wanted = true;
        while (!shell.Control.IsDone) Change(session, ref wanted);
        output.WriteLine($"noticed after {shell.Control.Result(1)} stops: {shell.Output.Split('\n')[0]}");
        Assert.Contains("while it is stopped", shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_job_is_refused_and_one_that_is_stopped_for_long_in_a_window_is_waited_for()
    {
        using SmallProgram shell = SmallProgram.Start("jobs", Threads);
        Pid job = JobOf(shell);
        using TraceSession session = TraceSession.Attach(job, new SessionOptions());
        Stop(job);
        AttachException refusal = Assert.Throws<AttachException>(() => session.Add(_graph));
        Assert.Equal(AttachRefusal.Stopped, refusal.Reason);
        Assert.All(session.Target.ReadThreads(), t => Assert.Equal('T', session.Target.ReadStatus(t)?.State));
        Signals.Kill(job, Signals.SIGCONT).OrThrow("kill");
        TimeSpan stopped = TimeSpan.FromSeconds(LiveTest.Repeat(1, 20)); // 20 s: longer than the helper is waited for
        using var continuing = new Timer(_ => Signals.Kill(job, Signals.SIGCONT));
        session.AboutToArm = _ =>
        {
            Signals.Kill(job, Signals.SIGSTOP);
            continuing.Change(stopped, Timeout.InfiniteTimeSpan);
        };
        try
        {
            ArmReport report = session.Add(_graph);
            output.WriteLine($"armed {report.Armed} after {report.Batch.Window.TotalSeconds:0.0} s");
        }
        catch (Exception e) when (stopped.TotalSeconds > 10 && e is TimeoutException or AttachException)
        {
            output.WriteLine(e.Message); // nothing was changed
        }
        session.AboutToArm = null;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => session.Target.ReadStatus(new Tid(job.Value))?.State != 'T'));
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        shell.AssertRight();
    }

    /// <summary>Arms what is disarmed and the other way round; null where the job was stopped at that moment.</summary>
    ArmReport? Change(TraceSession session, ref bool wanted)
    {
        try
        {
            ArmReport report = wanted ? session.Add(_graph) : session.Remove(_graph);
            wanted = !wanted;
            return report;
        }
        catch (AttachException e) when (e.Reason == AttachRefusal.Stopped)
        {
            wanted = true; // an op that could not be added is none; one that was removed is none, and its sites go with the next window
            return null;
        }
    }

    static void Stop(Pid job)
    {
        Signals.Kill(job, Signals.SIGSTOP).OrThrow("kill");
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => ProcFiles.Threads(job).All(t => ProcFiles.TryReadText(ProcFiles.Thread(job, t, "stat"))?.Contains(") T ", StringComparison.Ordinal) == true)));
    }

    static Pid JobOf(SmallProgram shell) => new((int)shell.Control.Result(0));
}
