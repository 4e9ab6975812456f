using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A tracer that is killed leaves its target at work, and whoever comes after restores every byte.</summary>
[Collection(EngineTests.Name)]
public sealed class KilledTracerTests
{
    [Fact]
    public void What_a_killed_tracer_left_armed_is_restored()
    {
        using ShapesAtWork shapes = ShapesAtWork.InStorm();
        using (var tracer = new ArmingTracer(shapes.Pid, flips: false))
        {
            tracer.AwaitArmed();
            tracer.Kill();
        }
        using TargetProcess target = TargetProcess.Open(shapes.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        Assert.True(TextImage.Differences(target, catalog.Modules[0]) > 0);
        Assert.Throws<AttachException>(() => TraceSession.Attach(shapes.Pid, new SessionOptions()));

        BatchResult result = LeftSession.Find(target)!.Restore();
        Assert.Empty(result.Refused);
        TextImage.AssertRestored(target, catalog);
        Assert.True(LeftSession.Find(target) is null or { IsDetached: true });
        AssertCanBeTraced(shapes);
        shapes.AssertRight();
    }

    static void AssertCanBeTraced(ShapesAtWork shapes)
    {
        using TraceSession session = shapes.Attach();
        Op op = ShapesAtWork.OpOf(OpKind.Count);
        Assert.True(session.Add(op).Armed > 1000);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => session.Counts(op).Values.Any(n => n > 0)), "no call is counted");
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
    }
}
