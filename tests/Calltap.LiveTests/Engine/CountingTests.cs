using Calltap.LiveTests.Programs;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>Count ops count every call, whoever makes it, while other ops come and go.</summary>
[Collection(EngineTests.Name)]
public sealed class CountingTests
{
    [Fact]
    public void Counts_are_calls()
    {
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        using TraceSession session = shapes.Attach();
        Op op = ShapesAtWork.OpOf(OpKind.Count);
        ArmReport armed = session.Add(op);
        long[][] before = shapes.Counts();
        shapes.Run();
        long[][] after = shapes.Counts();
        session.Detach();
        AssertCounts(session, armed, session.Counts(op), before, after);
        TextImage.AssertRestored(session.Target, session.Catalog);
        shapes.AssertRight();
    }

    [Fact]
    public void A_function_that_eight_threads_call_is_counted_exactly()
    {
        const int Threads = 8, Calls = 500_000;
        using SmallProgram program = SmallProgram.Start("eight", Threads);
        using TraceSession session = program.Attach();
        var op = new Op(OpKind.Count, FunctionFilter.Parse(["one_leaf"], []), "leaf");
        Assert.Equal(1, session.Add(op).Armed);
        program.Run(Calls);
        session.Remove(op);
        Assert.Equal((ulong)Threads * Calls, session.Counts(op).Values.Single());
        program.AssertRight();
    }

    [Fact]
    public void A_count_goes_on_while_other_ops_come_and_go()
    {
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        using TraceSession session = shapes.Attach();
        Op counted = ShapesAtWork.OpOf(OpKind.Count, "counted");
        Op[] others = [ShapesAtWork.OpOf(OpKind.Graph, "graph"), ShapesAtWork.OpOf(OpKind.Count, "second")];
        ArmReport armed = session.Add(counted);
        long[][] before = shapes.Counts();
        shapes.Control.Post(ShapesProgram.RunRounds, 96);
        int changes = 0;
        while (!shapes.Control.IsDone)
        {
            foreach (Op op in others) session.Add(op);
            foreach (Op op in others) session.Remove(op);
            changes += 4;
        }
        Assert.True(changes >= 4, "nothing changed while the phase ran");
        long[][] after = shapes.Counts();
        session.Detach();
        AssertCounts(session, armed, session.Counts(counted), before, after);
        Assert.Equal(0, session.Traps.Misdirected);
        shapes.AssertRight();
    }

    static void AssertCounts(
        TraceSession session, ArmReport armed, IReadOnlyDictionary<FunctionId, ulong> counts, long[][] before, long[][] after)
    {
        HashSet<FunctionId> refused = [.. armed.Refused.Select(r => r.Function.Id)];
        foreach ((FunctionId id, int column) in ShapesAtWork.Columns(session))
        {
            if (refused.Contains(id)) continue;
            long called = after.Sum(row => row[column]) - before.Sum(row => row[column]);
            Assert.True((ulong)called == counts[id], $"{session.Catalog.Functions[id.Value].Name}: called {called}, counted {counts[id]}");
        }
    }
}
