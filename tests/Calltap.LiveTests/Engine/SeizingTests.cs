using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A tracer that seizes threads one by one while their program executes another: the exec waits until those that are seized are reaped, the
/// request for the next one waits for the exec.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class SeizingTests
{
    const int Threads = 4, Execute = 1;
    const int ByMainThread = 0, ByAnother = 1;

    static readonly TimeSpan s_time = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(ByMainThread)]
    [InlineData(ByAnother)]
    public void An_exec_and_its_tracer_do_not_wait_for_each_other(int thread)
    {
        using SmallProgram program = SmallProgram.Start("execs", Threads);
        using (PtraceThread tracer = new("seizer"))
            tracer.Run(() => SeizeLeaderAmongExec(program, thread, (tid, options) => tracer.Seizing.Seize(program.Pid, tid, options)));
        AssertExecuted(program);
    }

    /// <summary>The positive control: nobody helps.</summary>
    [Theory]
    [InlineData(ByMainThread)]
    [InlineData(ByAnother)]
    public void Without_help_both_wait(int thread)
    {
        using SmallProgram program = SmallProgram.Start("execs", Threads);
        using var asking = new ManualResetEventSlim();
        var tracer = new Thread(() => SeizeLeaderAmongExec(program, thread, (tid, options) =>
        {
            asking.Set();
            return Ptrace.Seize(tid, options);
        }));
        tracer.Start();
        Assert.True(asking.Wait(EngineTests.Patience, TestContext.Current.CancellationToken));
        Assert.False(tracer.Join(s_time), "the request has returned");
        foreach (Tid tid in OthersThanLeader(program)) Wait.ForTraceeOfAnyThread(tid);
        Assert.True(tracer.Join(EngineTests.Patience), "to reap what is dead does not help");
        AssertExecuted(program);
    }

    /// <summary>Seizes all threads but the leader, and when the exec has ended them, that one as well.</summary>
    static SysResult SeizeLeaderAmongExec(SmallProgram program, int thread, Func<Tid, int, SysResult> seizeLeader)
    {
        Tid[] others = [.. OthersThanLeader(program)];
        foreach (Tid tid in others) Ptrace.Seize(tid, 0).OrThrow("PTRACE_SEIZE");
        program.Control.Post(Execute, thread);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => others.Count(tid => IsDead(program, tid)) >= others.Length - thread), "no thread is ended by the exec");
        return seizeLeader(new Tid(program.Pid.Value), 0);
    }

    static IEnumerable<Tid> OthersThanLeader(SmallProgram program) => ProcFiles.Threads(program.Pid).Where(tid => tid.Value != program.Pid.Value);

    static bool IsDead(SmallProgram program, Tid tid) =>
        ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Thread(program.Pid, tid, "status")) ?? "").IsDead;

    static void AssertExecuted(SmallProgram program)
    {
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.Result(1) == 1), "the new program has not run");
        Assert.Equal(0, program.Control.Result(0));
        program.AssertRight();
    }
}
