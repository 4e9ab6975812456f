using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A program's own traps, in windows and out of them, reach its own handler, once each, with the code and pc they would have had: sent
/// signals, icebp, both encodings of int 3, and single steps, also through the sites themselves.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class ForeignTrapTests(ITestOutputHelper output)
{
    const int Threads = 3;
    const int StepsInside = 6;

    readonly Op _op = new(OpKind.Graph, FunctionFilter.Parse(["trap_leaf"], []), "leaf");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_reaches_the_program_unchanged(bool answersInTarget)
    {
        using SmallProgram program = SmallProgram.Start("traps", Threads, 1);
        using TraceSession session = program.Attach();
        session.AnswersInTarget = answersInTarget;
        int rounds = LiveTest.Repeat(12, 1000), armed = 0;
        long start = Stopwatch.GetTimestamp();
        program.Control.Post(1, 1_000_000_000);
        for (int i = 0; i < rounds; i++)
        {
            armed += session.Add(_op).Armed; // a handler whose frame points into the region leaves it out
            session.Remove(_op);
            Assert.True(program.IsRunning, $"round {i}: {program.Output}");
            Assert.True(program.Control.WrongResults == 0, $"round {i}: {program.Control.WrongResults} wrong");
        }
        TrapCounts traps = session.Traps;
        output.WriteLine($"{2 * rounds} windows, armed {armed} times, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {traps.Hits + traps.AnsweredInTarget} hits, {traps.Foreign} foreign in windows; "
            + string.Join(", ", Enumerable.Range(0, 7).Select(program.Control.Result)));
        Assert.All(Enumerable.Range(0, 7), kind => Assert.True(program.Control.Result(kind) > 0, $"kind {kind} never came"));
        Assert.True(traps.Foreign > 100, "the traps must have come in windows");
        Assert.True(armed > 0);
        // Steps that end at a site's second byte: taken for a breakpoint's, the instruction before would run twice.
        Assert.True(program.Control.Result(StepsInside) > 10);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }
}
