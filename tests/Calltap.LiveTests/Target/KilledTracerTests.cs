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
        int kills = LiveTest.Repeat(60, 1000);
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
}
