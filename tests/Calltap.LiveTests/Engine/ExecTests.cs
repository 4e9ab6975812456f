using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A target that executes another program, in a window and between two: the tracer ends with one line, the new program is left alone.</summary>
[Collection(EngineTests.Name)]
public sealed class ExecTests(ITestOutputHelper output)
{
    const int Threads = 4, Execute = 1;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["exec_*"], []), "graph");

    [Theory]
    [InlineData(0)] // by the main thread
    [InlineData(1)] // by another: it becomes the leader
    public void The_new_program_is_untouched(int thread)
    {
        int rounds = LiveTest.Repeat(2, 150), inWindow = 0;
        for (int i = 0; i < rounds; i++)
        {
            using SmallProgram program = SmallProgram.Start("execs", Threads);
            TraceSession session = program.Attach();
            session.Add(_graph);
            session.Remove(_graph);
            bool open = false;
            session.AboutToArm = _ =>
            {
                open = true;
                if (i % 2 == 0) program.Control.Post(Execute, thread);
            };
            if (i % 2 != 0) program.Control.Post(Execute, thread);
            AttachException end = Assert.Throws<AttachException>(() => FlipForEver(session, ref open));
            if (open) inWindow++;
            Assert.True(end.Reason == AttachRefusal.TargetEnded, $"round {i}: {end}");
            Assert.DoesNotContain("\n", end.Message, StringComparison.Ordinal);
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => session.Target.RunsAnotherProgram)); // its threads end first
            session.Dispose(); // has nothing to detach from, and says nothing
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.Result(1) == 1 || !program.IsRunning));
            Assert.True(program.Control.Result(0) == 0, $"round {i}: {program.Output}");
            program.AssertRight();
        }
        output.WriteLine($"{rounds} executions, {inWindow} of them while sites were changed");
        Assert.True(inWindow > 0);
    }

    void FlipForEver(TraceSession session, ref bool open)
    {
        while (true)
        {
            session.Add(_graph);
            session.Remove(_graph);
            open = false;
        }
    }
}
