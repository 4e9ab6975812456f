using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.LiveTests.Programs;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Sessions;

namespace Calltap.LiveTests.Engine;

/// <summary>ftrace's three transitions, each under eight threads that call without a pause and check every result.</summary>
[Collection(EngineTests.Name)]
public sealed class TransitionTests(ITestOutputHelper output)
{
    readonly Op _graph = ShapesAtWork.OpOf(OpKind.Graph, "graph");
    readonly Op _count = ShapesAtWork.OpOf(OpKind.Count, "count");
    readonly Op _second = ShapesAtWork.OpOf(OpKind.Count, "second");
    readonly HashSet<TargetAddress> _specialised = [];

    [Theory]
    [MemberData(nameof(AnsweredPolicies.All), MemberType = typeof(AnsweredPolicies))]
    public void Make_call_and_make_nop(Int3Policy int3, Answering answering)
    {
        answering.SkipUnlessAllowed();
        using ShapesAtWork shapes = ShapesAtWork.InStorm();
        using TraceSession session = shapes.Attach(int3);
        session.AnswerBy(answering);
        // Disarming, breakpoints are gone so quickly that few threads meet one: they stand a while, so that ops are asked and refuse.
        if (int3 == Int3Policy.Caller) session.StepDone = step => Clock.Sleep(step == "pass 1" ? TimeSpan.FromMilliseconds(5) : default);
        int rounds = LiveTest.Repeat(4, 300);
        long start = Stopwatch.GetTimestamp();
        TrapCounts before = session.Traps;
        for (int i = 0; i < rounds; i++)
        {
            ArmReport armed = session.Add(_graph);
            Assert.True(armed.Armed > ShapesProgram.FunctionCount * 9 / 10, $"round {i}: armed {armed.Armed}: {Reasons(armed)}");
            Assert.Equal(0, session.Remove(_graph).Armed);
            TextImage.AssertRestored(session.Target, session.Catalog);
            Assert.True(shapes.IsRunning, $"the program has ended in round {i}");
            Assert.Equal(0, shapes.Control.WrongResults);
        }
        TrapCounts traps = session.Traps;
        output.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: hits {traps.Hits}, emulated {traps.Emulated}, parked {traps.Parked}, refused by ops {traps.Refused}, late {traps.Late}, moved {traps.Moved}, interrupted {traps.Interrupted}, foreign {traps.Foreign}, answered in the target {traps.AnsweredInTarget}");
        Assert.True((answering == Answering.Guard ? traps.Hits : traps.AnsweredInTarget) > before.Hits, "no thread ever hit a breakpoint: the storm was none");
        if (answering != Answering.Guard) Assert.Equal(0, traps.Hits);
        Assert.Equal(traps.Hits, traps.Emulated + traps.Parked);
        Assert.Equal(int3 == Int3Policy.Park, traps.Parked > 0);
        Assert.Equal(int3 == Int3Policy.Caller, traps.Refused > 0); // disarming: no op wants what it has left
        Assert.Equal(0, traps.Misdirected);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        shapes.AssertRight();
    }

    [Fact]
    public void Modify_call_from_one_op_to_another_to_several_to_one()
    {
        using ShapesAtWork shapes = ShapesAtWork.InStorm();
        using TraceSession session = shapes.Attach();
        int rounds = LiveTest.Repeat(2, 60);
        for (int i = 0; i < rounds; i++)
        {
            AssertForms(session, session.Add(_graph), one: true);
            AssertForms(session, session.Add(_count), one: false);   // several
            AssertForms(session, session.Remove(_graph), one: true); // one op -> another
            AssertForms(session, session.Add([_graph, _second]), one: false);
            AssertForms(session, session.Remove(_count), one: false);
            AssertForms(session, session.Remove(_second), one: true);
            Assert.Equal(0, session.Remove(_graph).Armed);
            TextImage.AssertRestored(session.Target, session.Catalog);
            Assert.Equal(0, shapes.Control.WrongResults);
        }
        Assert.Equal(0, session.Traps.Misdirected);
        session.Detach();
        shapes.AssertRight();
    }

    /// <summary>Each change of ops is another list for each site that changes, and a session has room for some.</summary>
    [Fact]
    public void Where_no_room_is_left_for_the_callers_lists_sites_answer_for_themselves()
    {
        using SmallProgram program = SmallProgram.Start("kept", 4);
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Int3 = Int3Policy.Caller });
        var op = new Op(OpKind.Count, FunctionFilter.Parse(["kept_*"], []), "kept");
        for (int others = 0; others < 24; others++) // each is one more that the caller asks, in lists that are longer
        {
            Assert.Equal(8, session.Add(op).Armed);
            Assert.Equal(0, session.Remove(op).Armed);
            session.Add(new Op(OpKind.Graph, FunctionFilter.Parse(["none_of_them"], []), $"{others}"));
        }
        Assert.Equal(8, session.Add(op).Armed);
        Assert.Equal(0, program.Control.WrongResults);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>Functions wanted by one op use its own trampoline, those wanted by several the list's.</summary>
    void AssertForms(TraceSession session, ArmReport report, bool one)
    {
        Assert.True(report.Armed > ShapesProgram.FunctionCount * 9 / 10, Reasons(report));
        Assert.All(session.Sites.Values.Where(s => s.Armed.Any), s => Assert.Equal(one, s.Armed.Single));
        SiteTableEntry[] entries = [.. LeftSession.Find(session.Target)!.ReadSites()
            .Where(s => s.State == SiteState.Armed && s.Kind == Code.SiteKind.Entry)];
        Assert.Equal(report.Armed, entries.Length);
        if (one) _specialised.UnionWith(entries.Select(s => s.Trampoline));
        else Assert.DoesNotContain(Assert.Single(entries.Select(s => s.Trampoline).Distinct()), _specialised);
    }

    static string Reasons(ArmReport armed) =>
        string.Join(", ", armed.Refused.GroupBy(r => r.Reason).Select(g => $"{g.Count()} x {g.Key}"));
}
