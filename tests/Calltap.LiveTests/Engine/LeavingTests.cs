using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A window comes and goes without stopping those who sleep, and leaves no tracer behind.</summary>
[Collection(EngineTests.Name)]
public sealed class LeavingTests(ITestOutputHelper output)
{
    readonly Op _op = new(OpKind.Graph, FunctionFilter.Parse(["*"], []), "all");

    [Fact]
    public void Nobody_is_stopped_when_a_window_opens_or_closes()
    {
        using LiveProgram program = Sleepers();
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions());
        int rounds = LiveTest.Repeat(8, 500), woken = 0;
        for (int i = 0; i < rounds; i++)
        {
            Dictionary<Tid, long> before = Switches(program.Pid);
            ArmReport report = i % 2 == 0 ? session.Add(_op) : session.Remove(_op);
            Assert.True(i % 2 != 0 || report.Armed > 5);
            // Not even one that sleeps has run: nobody but the thread that is borrowed for the helper's start.
            int ran = Switches(program.Pid).Count(now => now.Value != before[now.Key]);
            Assert.True(ran <= 1, $"{ran} of {before.Count} threads have run");
            woken += ran;
            Assert.All(ProcFiles.Threads(program.Pid), t => Assert.Equal((0, 'S'), (Status(program.Pid, t).TracerPid.Value, Status(program.Pid, t).State)));
        }
        output.WriteLine($"{rounds} windows, {woken} threads borrowed, {session.Traps.Interrupted} interrupted");
        session.Detach();
        Assert.Equal((0, 0), (program.Eintr, program.Errors));
        // The control: to leave by PTRACE_DETACH takes a stop of each, and the program sees it.
        Dictionary<Tid, long> undisturbed = Switches(program.Pid);
        StopAndDetach(program.Pid);
        Assert.True(program.Within(() => program.Eintr > 0), "an interruption must show, or this test proves nothing");
        Assert.All(Switches(program.Pid), now => Assert.NotEqual(undisturbed[now.Key], now.Value));
    }

    static LiveProgram Sleepers() =>
        LiveProgram.StartSleepy("all", Path.Combine(Directory.CreateTempSubdirectory("calltap-fifo-").FullName, "fifo"));

    static Dictionary<Tid, long> Switches(Pid pid) => ProcFiles.Threads(pid).ToDictionary(t => t, t => ThreadLook.SwitchesOf(pid, t));

    static ProcStatus Status(Pid pid, Tid tid) => ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status")) ?? "");

    /// <summary>On a thread of its own: ptrace belongs to a thread.</summary>
    static void StopAndDetach(Pid pid)
    {
        var thread = new Thread(() =>
        {
            foreach (Tid tid in ProcFiles.Threads(pid))
            {
                if (!Ptrace.Seize(tid, 0).Ok) continue;
                Ptrace.Interrupt(tid);
                Wait.One(tid, Wait.WSTOPPED, out _);
                Ptrace.Detach(tid, 0);
            }
        });
        thread.Start();
        thread.Join();
    }
}
