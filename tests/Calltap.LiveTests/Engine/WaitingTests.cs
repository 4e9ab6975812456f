using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A program that aborts on the first call that ends as it never should: one thread in each kind of wait (waits.c), under attachments,
/// windows and signals that it ignores.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class WaitingTests(ITestOutputHelper output)
{
    // As in waits.c; threads after these spin.
    static readonly string[] s_roles =
    [
        "feeder", "epoll_wait", "epoll_wait -1", "nanosleep", "clock_nanosleep", "poll", "poll -1", "ppoll", "select", "futex",
        "futex without limit", "condition", "msgrcv", "read", "io_getevents", "semtimedop", "semop", "sigtimedwait", "sigwaitinfo",
        "accept", "recv", "recvmsg", "send", "connect", "epoll_pwait", "write", "reader",
    ];

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["wait_leaf"], []), "waits");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["wait_leaf"], []), "counted");

    [Theory]
    [InlineData(2)]
    [InlineData(0)] // every thread that could be borrowed sleeps
    public void No_call_ends_early(int spinners)
    {
        using SmallProgram program = SmallProgram.Start("waits", s_roles.Length + spinners, 1);
        int cycles = LiveTest.Repeat(3, 1000);
        long start = Stopwatch.GetTimestamp(), interrupted = 0, repeated = 0;
        for (int i = 0; i < cycles; i++)
        {
            TrapCounts traps = program.Alive(() => Cycle(program, BrokenRules.None));
            interrupted += traps.Interrupted;
            repeated += traps.Restarted;
            Assert.True(program.IsRunning, $"cycle {i}: {program.Output}");
        }
        output.WriteLine($"{cycles} attachments in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {program.Control.Threads.Sum(t => t.Rounds)} waits, {interrupted} interruptions, {repeated} calls repeated, {program.Control.Result(0)} writes cut short");
        long[] before = [.. program.Control.Threads.Select(t => t.Rounds)];
        Assert.True(
            Deadline.In(EngineTests.Patience).Poll(() => program.Control.Threads.Zip(before).All(p => p.First.Rounds > p.Second)),
            $"a thread is stuck: {string.Join(", ", s_roles.Where((_, i) => program.Control.Threads[i].Rounds <= before[i]))} {program.Output}");
        program.AssertRight();
    }

    /// <summary>The control: the same, but a call that the guard has interrupted is left as it is.</summary>
    [Fact]
    public void The_program_notices_calls_that_are_not_repeated()
    {
        using SmallProgram program = SmallProgram.Start("waits", s_roles.Length + 4, 1);
        long interrupted = 0;
        int cycles = 0;
        for (; cycles < 400 && program.IsRunning; cycles++)
        {
            try
            {
                interrupted += program.Alive(() => Cycle(program, BrokenRules.CallsNotRepeated)).Interrupted;
            }
            catch (InvalidOperationException e) when (e.InnerException is not null)
            {
                // what this test wants
            }
        }
        Assert.False(program.IsRunning, $"{cycles} attachments, {interrupted} interruptions, and nothing was noticed");
        output.WriteLine($"noticed after {cycles} attachments and {interrupted} interruptions: {program.Output.Trim()}");
        Assert.Contains("errno 4", program.Output, StringComparison.Ordinal);
    }

    /// <summary>The control of each role whose call the kernel does not restart by itself.</summary>
    [Theory]
    [InlineData("epoll_wait")]
    [InlineData("epoll_wait -1")]
    [InlineData("io_getevents")]
    [InlineData("semtimedop")]
    [InlineData("sigtimedwait")]
    [InlineData("accept")]
    [InlineData("recv")]
    [InlineData("recvmsg")]
    [InlineData("send")]
    [InlineData("connect")]
    public void The_program_notices_an_interruption(string role)
    {
        using SmallProgram program = SmallProgram.Start("waits", s_roles.Length, 1);
        Tid tid = program.Control.Threads[Array.IndexOf(s_roles, role)].Tid;
        Ptrace.Seize(tid, 0).OrThrow("PTRACE_SEIZE");
        bool ended = Deadline.In(EngineTests.Patience).Poll(() =>
        {
            if (Ptrace.Interrupt(tid).Ok && Wait.One(tid, Wait.WSTOPPED | Wait.WEXITED, out siginfo_t stop).Ok && stop.si_code == Wait.CLD_TRAPPED)
                Ptrace.Cont(tid, stop.si_status >> 8 == 0 ? stop.si_status : 0);
            return !program.IsRunning;
        });
        Assert.True(ended, "the program did not notice");
        Assert.Contains($"{role}: ", program.Output, StringComparison.Ordinal);
    }

    /// <summary>In a process that is traced they are queued, and wake a thread: its call is made again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)] // the control
    public void Signals_that_the_program_ignores_end_no_call(bool broken)
    {
        using SmallProgram program = SmallProgram.Start("waits", s_roles.Length, 1);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        using var writer = new TargetTextWriter(target);
        var guard = new Guard(new WindowContext(
            target, writer, new HashSet<ulong>(), new BreakpointAnswers([]), new RegionMap([]), new SitePolicy(), new StackScan(target, target.ReadMappings(), new ThreadHomes(target).Read()),
            true, null, default, default, default, false, broken ? BrokenRules.CallsNotRepeated : BrokenRules.None));
        guard.Open(EngineTests.Patience);
        int bursts = LiveTest.Repeat(200, 5000);
        program.Control.Post(1, bursts);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.IsDone || !program.IsRunning), "the program must send its signals");
        Thread.Sleep(200); // what was sent last is taken
        guard.Close();
        output.WriteLine($"{5 * bursts} signals, {guard.Counts.Restarted} calls made again: {program.Output.Trim()}");
        if (broken)
        {
            Assert.Contains("errno 4", program.Output, StringComparison.Ordinal);
            return;
        }
        Assert.True(guard.Counts.Restarted > 0, "no signal ended a call");
        // Calls that wait with another mask are ended at times, and no stop tells of it (docs/limits.md): of the others none may be.
        if (program.IsRunning) program.AssertRight();
        else Assert.Matches("^(sigwaitinfo|sigtimedwait|epoll_pwait): .*errno 4", program.Output);
    }

    TrapCounts Cycle(SmallProgram program, BrokenRules broken)
    {
        using TraceSession session = program.Attach();
        session.Broken = broken;
        session.Add(_graph);
        session.Add(_count);
        session.Remove(_graph);
        session.Detach();
        return session.Traps;
    }
}
