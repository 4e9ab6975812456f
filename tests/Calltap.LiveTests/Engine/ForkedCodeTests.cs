using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A fork child keeps the code that it was forked with, whatever becomes of its parent's arena.</summary>
[Collection(EngineTests.Name)]
public sealed class ForkedCodeTests(ITestOutputHelper output)
{
    const int ForkChild = 8, ChildPid = 3, ChildRounds = 4, ChildWrong = 5;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["guest_leaf", "guest_root"], []), "graph");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["guest_*"], []), "count");

    [Fact]
    public void A_child_that_stays_computes_right_while_its_parent_is_armed_anew()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        var child = default(Pid);
        TargetAddress stub = default;
        using (TraceSession first = program.Attach())
        {
            Assert.Equal(2, first.Add(_graph).Armed);
            Assert.Equal(0, program.Command(ForkChild));
            child = new Pid((int)program.Control.Result(ChildPid));
            stub = StubOf(first);
            AssertComputes(program);
            first.Remove(_graph);
            first.Add(_count);
            AssertComputes(program);
        }
        using TraceSession second = program.Attach();
        Assert.True(second.Add(_count).Armed > 2);
        program.Run(1000);
        AssertComputes(program);

        // The control: the child runs through its stub, and what its parent has there now is something else.
        using TargetProcess copy = TargetProcess.Open(child);
        byte[] inChild = new byte[64], inParent = new byte[64], site = new byte[PatchBytes.Length];
        Assert.Equal(site.Length, copy.ReadMemory(Leaf(second).Address, site));
        Assert.Equal(stub, Target(site, Leaf(second).Address));
        Assert.Equal(inChild.Length, copy.ReadMemory(stub, inChild));
        int read = second.Target.ReadMemory(stub, inParent);
        output.WriteLine($"stub at {stub}: in the parent {(read == 0 ? "unmapped" : Convert.ToHexString(inParent))}, in the child {Convert.ToHexString(inChild)}");
        Assert.NotEqual(inChild, inParent);
        second.Detach();
        AssertComputes(program);
        program.AssertRight();
    }

    /// <summary>A child that was forked before its parent was armed in another way has other bytes than its parent, and than the file.</summary>
    [Fact]
    public void A_child_that_was_forked_before_its_parent_changed_is_restored_and_traced()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        using TraceSession session = program.Attach();
        Assert.Equal(2, session.Add(_graph).Armed);
        Assert.Equal(0, program.Command(ForkChild));
        var child = new Pid((int)program.Control.Result(ChildPid));
        using (TargetProcess target = TargetProcess.Open(child)) Assert.True(session.IsCopiedIn(target));
        Assert.True(session.Add(_count).Armed > 2);
        TargetProcess copy = TargetProcess.Open(child);
        Assert.False(session.IsCopiedIn(copy));
        Assert.True(session.IsFormerlyCopiedIn(copy));
        FunctionCatalog catalog = FunctionCatalog.Load(copy, FunctionScope.Executable, []);

        // The control: as it is, what was armed in it is refused.
        using (TraceSession refused = TraceSession.Attach(TargetProcess.Open(child), catalog, null)) Assert.Equal(2, refused.Add(_count).Refused.Count);
        session.RestoreIn(copy, null);
        TextImage.AssertRestored(copy, catalog);
        AssertComputes(program);
        using (TraceSession traced = TraceSession.Attach(copy, catalog, null))
        {
            Assert.Empty(traced.Add(_count).Refused);
            AssertComputes(program);
            traced.Detach();
            Assert.True(traced.Counts(_count).Values.Aggregate(0ul, (sum, count) => sum + count) > 0);
        }
        AssertComputes(program);
        session.Detach();
        program.AssertRight();
    }

    static TargetFunction Leaf(TraceSession session) => session.Catalog.Functions.Single(f => f.Name == "guest_leaf");

    static TargetAddress StubOf(TraceSession session)
    {
        var site = new byte[PatchBytes.Length];
        Assert.Equal(site.Length, session.Target.ReadMemory(Leaf(session).Address, site));
        Assert.Equal(0xe9, site[0]);
        return Target(site, Leaf(session).Address);
    }

    static TargetAddress Target(byte[] jump, TargetAddress site) => site + PatchBytes.Length + BitConverter.ToInt32(jump, 1);

    static void AssertComputes(SmallProgram program)
    {
        long rounds = program.Control.Result(ChildRounds);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Control.Result(ChildRounds) > rounds + 2), "the child is stuck or has died");
        Assert.Equal(0, program.Control.Result(ChildWrong));
    }
}
