using System.Diagnostics;
using Calltap.Code;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// Code that must not be patched, or only so, next to code that may: live red zones, lock prefixes that are jumped past, loops to the entry,
/// restartable sequences, data and reserved nops behind a return, functions with several names.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class CornerTests(ITestOutputHelper output)
{
    const int Threads = 4;
    const long Untouched = 99;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["corner_*"], []), "graph");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["corner_*"], []), "count");

    /// <summary>What is refused, and that its harmless neighbours are not: a refusal of everything would not pass.</summary>
    [Fact]
    public void Each_is_refused_for_its_reason()
    {
        using SmallProgram program = SmallProgram.Start("corners", Threads, 1);
        using TraceSession session = program.Attach();
        AssertPlan(session, "corner_past_lock", RefusalReason.BranchTargetInside, exits: 1, refusedExits: 0);
        AssertPlan(session, "corner_loop_entry", RefusalReason.LoopEntry, exits: 1, refusedExits: 0);
        AssertPlan(session, "corner_rseq", RefusalReason.RefusedRange, exits: 2, refusedExits: 0);
        AssertPlan(session, "corner_data_behind", RefusalReason.None, exits: 0, refusedExits: 1);
        AssertPlan(session, "corner_before_nops", RefusalReason.None, exits: 0, refusedExits: 1);
        AssertPlan(session, "corner_padded", RefusalReason.None, exits: 1, refusedExits: 0);
        AssertPlan(session, "corner_red_branch", RefusalReason.None, exits: 2, refusedExits: 0);
        program.Run(1);
        Assert.Equal(Untouched, (long)program.Control.Threads[0].Checksum);
    }

    static void AssertPlan(TraceSession session, string name, RefusalReason entry, int exits, int refusedExits)
    {
        FunctionPlan plan = Function(session, name).Plan;
        Assert.Equal((name, entry, exits, refusedExits), (name, plan.EntryRefusal, plan.Exits.Count, plan.RefusedExits.Count));
    }

    [Fact]
    public void Results_are_right_while_all_of_it_is_armed_and_disarmed()
    {
        using SmallProgram program = SmallProgram.Start("corners", Threads, 1);
        using TraceSession session = program.Attach();
        program.Control.Post(1, 1_000_000_000);
        int rounds = LiveTest.Repeat(10, 600), below = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds || ((below == 0 || session.Traps.Hits == 0) && i < 20 * rounds); i++) // on a busy machine
        {
            Assert.True(session.Add(_graph).Armed >= 10);
            if (program.Control.Threads.Any(t => (long)t.Checksum != Untouched)) below++;
            session.Add(_count);
            session.Remove(_graph);
            Assert.Equal(0, session.Remove(_count).Armed);
            Assert.True(program.IsRunning, $"round {i}: {program.Output}");
            Assert.Equal(0, program.Control.WrongResults);
        }
        output.WriteLine($"{4 * rounds} windows in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, {session.Traps.Hits} hits");
        Assert.True(session.Traps.Hits > 0, "no thread ever hit a breakpoint");
        Assert.True(below > 0, "no trampoline has ever written below the stack pointer: nothing could have been overwritten");
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>Two names of one body, a body chosen at start, a tail call, a part of its own: each body is one function, counted once a call.</summary>
    [Fact]
    public void Functions_with_several_names_and_parts_are_counted_once()
    {
        const int Rounds = 6400;
        using SmallProgram program = SmallProgram.Start("corners", Threads, 1);
        using TraceSession session = program.Attach();
        Assert.DoesNotContain(session.Catalog.Functions, f => f.Name is "corner_choose" or "corner_chosen"); // the resolver
        Assert.Contains("corner_twin", Function(session, "corner_body").Names.Symbols);
        Assert.Equal(1, Function(session, "corner_leaves").Plan.ExitCount); // the jump to corner_body
        Assert.True(session.Add([_graph, _count]).Armed >= 10);
        program.Run(Rounds);
        session.Detach();
        IReadOnlyDictionary<FunctionId, ulong> counts = session.Counts(_count);
        ulong Counted(string name) => counts[Function(session, name).Id];
        Assert.Equal(3ul * Rounds * Threads, Counted("corner_body")); // as twin, as chosen, and by the tail call
        Assert.Equal(1ul * Rounds * Threads, Counted("corner_leaves"));
        Assert.Equal(1ul * Rounds * Threads, Counted("corner_parted"));
        Assert.Equal(2ul * Rounds / 64 * Threads, Counted("corner_rare"));
        Assert.Equal(2ul * Rounds * Threads, Counted("corner_red_zone"));
        Assert.Equal(1ul * Rounds / 2 * Threads, Counted("corner_red_other"));
        program.AssertRight();
    }

    static TargetFunction Function(TraceSession session, string name) => session.Catalog.Functions.Single(f => f.Names.Symbols.Contains(name) || f.Name == name);
}
