using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// A program to which SIGTRAP matters (trapaffairs.c): blocked for a while and for good, caught, sent, raised by an int3 of its own, waited for, ignored,
/// its action changed. It notices whatever a window does to any of it.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class TrapSignalTests(ITestOutputHelper output)
{
    const int Threads = 8, Start = 1, End = 2;

    // Kinds of phases in trapaffairs.c.
    const int Caught = 0, WaitedFor = 1, Ignored = 2, Changed = 3;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["trap_*"], []), "graph");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["trap_*"], []), "count");

    [Theory]
    [InlineData(Caught)]
    [InlineData(WaitedFor)]
    [InlineData(Ignored)]
    [InlineData(Changed)]
    public void What_the_program_makes_of_it_stays(int kind)
    {
        using SmallProgram program = SmallProgram.Start("trapaffairs", Threads);
        program.Control.Run(Start, EngineTests.Patience, kind);
        int rounds = LiveTest.Repeat(5, 1000), sessions = 0;
        long start = Stopwatch.GetTimestamp(), hits = 0, foreign = 0;
        for (int i = 0; i < rounds; i += 5)
        {
            using TraceSession session = program.Attach();
            for (int k = 0; k < 5; k++) program.Alive(() => Flip(session, program, $"round {i + k}"));
            session.Detach();
            TextImage.AssertRestored(session.Target, session.Catalog);
            (hits, foreign) = (hits + session.Traps.Hits, foreign + session.Traps.Foreign);
            sessions++;
        }
        program.Control.Run(End, EngineTests.Patience, kind);
        output.WriteLine($"{4 * rounds} windows of {sessions} sessions in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {hits} breakpoints, {foreign} signals of the program's own in windows; in all {program.Control.Result(1)} caught, {program.Control.Result(2)} breakpoints of its own, {program.Control.Result(3)} waited for, {program.Control.Result(4)} actions set");
        Assert.True(hits > 0, "no thread hit a breakpoint");
        Assert.True(program.Control.Result(0) == 0, $"the action for SIGTRAP is not the program's: {program.Output}");
        if (kind == Caught) Assert.True(foreign > 0 && program.Control.Result(2) > 0, "no breakpoint of the program's own in a window");
        program.AssertRight();
    }

    /// <summary>The control: threads keep what the kernel makes of their masks.</summary>
    [Fact]
    public void The_program_notices_a_mask_that_is_not_mended()
    {
        using SmallProgram program = SmallProgram.Start("trapaffairs", Threads);
        program.Control.Run(Start, EngineTests.Patience, Caught);
        using TraceSession session = program.Attach();
        session.Broken = BrokenRules.BlockedTrapsNotMended;
        int rounds = 0;
        for (; rounds < 200 && program.Control.WrongResults == 0; rounds++)
        {
            session.Add(_graph);
            session.Remove(_graph);
        }
        output.WriteLine($"noticed after {rounds} rounds: {program.Output.Split('\n')[0]}");
        Assert.Contains($"signal: {Signals.SIGTRAP}", program.Output, StringComparison.Ordinal);
    }

    bool Flip(TraceSession session, SmallProgram program, string round)
    {
        session.Add(_graph);
        session.Add(_count);
        session.Remove(_graph);
        Assert.Equal(0, session.Remove(_count).Armed);
        Assert.True(program.IsRunning, $"{round}: {program.Output}");
        Assert.True(program.Control.WrongResults == 0, $"{round}: {program.Output}");
        return true;
    }
}
