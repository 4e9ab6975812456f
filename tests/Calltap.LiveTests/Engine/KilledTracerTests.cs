using System.Diagnostics;
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
public sealed class KilledTracerTests(ITestOutputHelper output)
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

    [Fact]
    public void A_tracer_may_be_killed_at_any_moment_of_arming_and_disarming()
    {
        using ShapesAtWork shapes = ShapesAtWork.InStorm();
        var random = new Random(1);
        int kills = LiveTest.Repeat(4, 200), restored = 0, inWindow = 0;
        for (int i = 0; i < kills || (inWindow < kills / 2 && i < 4 * kills); i++) // some that aim at a window miss it
        {
            using var tracer = new ArmingTracer(shapes.Pid, flips: true);
            using TargetProcess target = TargetProcess.Open(shapes.Pid);
            if (i % 4 == 0) Clock.Sleep(TimeSpan.FromMilliseconds(random.Next(2500))); // while it attaches, or later
            else AwaitWindow(tracer, target, random);
            tracer.Kill();
            Assert.True(shapes.IsRunning, $"the target died of kill {i}");
            if (LeftSession.Find(target) is not { } left) continue;
            HelperPlace.AwaitOrphan(target);
            (bool ended, bool open) = left.LastWindow;
            Assert.False(open, $"after kill {i} the helper has left the window open");
            if (ended) inWindow++;
            if (!left.IsDetached) left.Restore();
            restored++;
            FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
            TextImage.AssertRestored(target, catalog);
            Assert.Equal(0, shapes.Control.WrongResults);
        }
        output.WriteLine($"{kills} kills or more, {inWindow} of them between the first breakpoint and the last byte, {restored} sessions restored");
        Assert.True(inWindow >= kills / 2);
        AssertCanBeTraced(shapes);
        shapes.AssertRight();
    }

    /// <summary>Returns somewhere in a window, as seen from outside.</summary>
    static void AwaitWindow(ArmingTracer tracer, TargetProcess target, Random random)
    {
        tracer.AwaitArmed();
        LeftSession session = LeftSession.Find(target)!;
        Deadline patience = Deadline.In(EngineTests.Patience);
        while (!session.LastWindow.Open) Assert.False(patience.IsPast, "no window opens");
        long until = Stopwatch.GetTimestamp() + random.NextInt64(Stopwatch.Frequency / (random.Next(4) == 0 ? 500 : 5000));
        while (Stopwatch.GetTimestamp() < until && session.LastWindow.Open) { }
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
