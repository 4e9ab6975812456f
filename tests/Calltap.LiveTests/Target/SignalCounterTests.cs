using Calltap.LiveTests.Engine;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Target;

/// <summary>What tells a window without a ptracer that a frame may have come onto a stack.</summary>
[Collection(EngineTests.Name)]
public sealed class SignalCounterTests
{
    const int TgkillCount = 0, KillCount = 1, IcebpCount = 2, StepCount = 5, Int3Counts = 3; // and 4

    [Fact]
    public void Counts_every_SIGTRAP_but_those_of_breakpoints()
    {
        Answering.HandlerAlone.SkipUnlessAllowed();
        using SmallProgram program = SmallProgram.Start("traps", 1, 1);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        SignalCounter[] counters = [.. target.ReadThreads().Select(tid => SignalCounter.TryOpen(tid)!)];
        program.Control.Run(1, EngineTests.Patience, 50);
        long counted = counters.Sum(counter => counter.Read());
        foreach (SignalCounter counter in counters) counter.Dispose();
        Assert.Equal(100, program.Control.Result(Int3Counts) + program.Control.Result(Int3Counts + 1));
        Assert.Equal(new[] { TgkillCount, KillCount, IcebpCount, StepCount }.Sum(program.Control.Result), counted);
        program.AssertRight();
    }
}
