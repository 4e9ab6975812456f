using Calltap.Native;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class KilledTracerTests
{
    private const int Threads = 4;

    [Fact]
    public void A_target_outlives_a_SIGKILL_of_the_tracer_at_any_moment_of_an_injection()
    {
        using LiveProgram program = LiveProgram.StartBusy(Threads);
        long rounds = 0;
        int kills = LiveTest.Repeat(4, 1000);
        Random random = new(1);
        for (int i = 0; i < kills; i++)
        {
            using InjectingTracer tracer = new(program.Pid);
            bool first = i % 4 == 0; // Every fourth dies in its first round, slow for being compiled as it runs.
            tracer.AwaitRounds(n => first ? n != 0 : n > 0);
            Clock.Sleep(TimeSpan.FromMicroseconds(random.Next(first ? 200_000 : 20_000)));
            rounds += Math.Max(0, tracer.Rounds);
            tracer.Kill();
            program.AssertWorks(Threads);
        }

        Assert.True(program.Within(() => ProcFiles.Threads(program.Pid).Count == Threads), "a helper has stayed behind");
        TestContext.Current.SendDiagnosticMessage($"{kills} kills, {rounds} whole injections between them");
        Assert.Equal(0, program.Stop());
    }

    // After a call the registers are ours, all signals are blocked and the thread stands at the exit of our system call: without a way back of its
    // own it would die here.
    [Theory]
    [InlineData("busy", 0)]
    [InlineData("busy", 1)]
    [InlineData("busy", 3)]
    [InlineData("read", 1)]
    [InlineData("epoll", 0)]
    [InlineData("epoll", 1)]
    [InlineData("condition", 2)]
    public void A_borrowed_thread_finds_its_way_back_alone(string kind, int calls)
    {
        string fifo = Path.Combine(Directory.CreateTempSubdirectory("calltap-fifo-").FullName, "fifo");
        using LiveProgram program = kind == "busy" ? LiveProgram.StartBusy(threads: 2) : LiveProgram.StartSleepy(kind, fifo);
        ulong[] masks = Masks(program.Pid);
        using (InjectingTracer tracer = new(program.Pid, calls))
        {
            tracer.AwaitRounds(n => n > 0);
            Assert.Contains(ProcFiles.Threads(program.Pid), t => Status(program.Pid, t).TracerPid.Value != 0);
            tracer.Kill();
        }

        if (kind == "busy")
            program.AssertWorks(threads: 2);
        else
            Assert.True(program.Within(() => ProcFiles.Threads(program.Pid).All(t => Status(program.Pid, t).State == 'S')));
        Assert.Equal(0, program.Errors);
        Assert.Equal(masks, Masks(program.Pid));
        Assert.Equal(0, program.Eintr);
    }

    private static ulong[] Masks(Pid pid) => [.. ProcFiles.Threads(pid).Select(t => Status(pid, t).BlockedSignals)];

    private static ProcStatus Status(Pid pid, Tid tid) => ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status")) ?? "");
}
