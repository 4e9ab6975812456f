using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>The specialised trampoline and the list form give the same trace.</summary>
[Collection(EngineTests.Name)]
public sealed class SameTraceTests(ITestOutputHelper output)
{
    [Fact]
    public void One_op_alone_and_one_among_several_record_the_same()
    {
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        RecordedCalls alone = Record(shapes, [ShapesAtWork.OpOf(OpKind.Graph)]);
        RecordedCalls among = Record(shapes, [ShapesAtWork.OpOf(OpKind.Graph), ShapesAtWork.OpOf(OpKind.Count), ShapesAtWork.OpOf(OpKind.Graph)]);
        Assert.Equal(0, alone.LostEntries + among.LostEntries);
        Assert.True(alone.Entries > 100_000);
        Assert.Equal(ShapesAtWork.Threads, alone.Threads.Count);
        foreach (Tid tid in alone.Threads)
            Assert.Equal(alone.SequenceOf(tid), among.SequenceOf(tid));
        shapes.AssertRight();
    }

    [Theory]
    [InlineData(Int3Policy.Site, Answering.Guard)]
    [InlineData(Int3Policy.Caller, Answering.Guard)]
    [InlineData(Int3Policy.Park, Answering.Guard)]
    [InlineData(Int3Policy.Site, Answering.HandlerBehindGuard)]
    [InlineData(Int3Policy.Site, Answering.HandlerAlone)]
    [InlineData(Int3Policy.Caller, Answering.HandlerAlone)]
    public async Task Each_policy_gives_the_trace_that_no_breakpoint_disturbs(Int3Policy int3, Answering answering)
    {
        answering.SkipUnlessAllowed();
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        RecordedCalls undisturbed = Record(shapes, [ShapesAtWork.OpOf(OpKind.Graph)]);
        using TraceSession session = shapes.Attach(int3);
        session.AnswerBy(answering);
        session.StepDone = step => Clock.Sleep(step == "pass 1" ? TimeSpan.FromMilliseconds(20) : default); // the breakpoints stand for that time
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([ShapesAtWork.OpOf(OpKind.Graph)]);
        var other = new Op(OpKind.Count, FunctionFilter.Parse(["u0?_g*"], []), "other"); // some: quickly planned
        TrapCounts before = session.Traps;
        int phases = 0;
        bool met = false;
        var calls = Task.Run(() =>
        {
            while (phases < LiveTest.Repeat(2, 60) || (phases < 100 && !Volatile.Read(ref met)))
            {
                shapes.Run();
                // A phase makes fewer events than a ring holds, and each finds it empty: none is lost.
                long made = ++phases * undisturbed.Events;
                Assert.True(Deadline.In(EngineTests.Patience).Poll(() => recorder.Progress.Events >= made), $"{recorder.Progress.Events} of {made} events are drained");
            }
        }, TestContext.Current.CancellationToken);
        while (!calls.IsCompleted)
        {
            // Entries change from one op to two and back while they are called.
            recorder.Add([other]);
            recorder.Remove(other);
            Volatile.Write(ref met, session.Traps.Hits + session.Traps.AnsweredInTarget > before.Hits + before.AnsweredInTarget);
        }
        await calls;
        TrapCounts traps = session.Traps;
        recorder.Stop();
        output.WriteLine($"{int3}: hits {traps.Hits - before.Hits}, answered in the target {traps.AnsweredInTarget - before.AnsweredInTarget}, parked {traps.Parked}, late {traps.Late}");
        Assert.True(met, "no breakpoint was met");
        RecordedCalls recorded = RecordedCalls.Read(file, sequences: true);
        Assert.Equal(0, recorded.LostEntries);
        foreach (Tid tid in undisturbed.Threads)
            Assert.Equal(Enumerable.Repeat(EntriesOf(undisturbed, tid), phases).SelectMany(e => e), EntriesOf(recorded, tid));
        Assert.Equal(ExitsOf(undisturbed).ToDictionary(e => e.Key, e => phases * e.Value), ExitsOf(recorded));
        shapes.AssertRight();
    }

    /// <summary>Without the ends: a call left by an exception is closed when its thread is seen to go on, or at the end of the trace.</summary>
    static IEnumerable<(FunctionId Function, int Depth)> EntriesOf(RecordedCalls calls, Tid tid) =>
        calls.SequenceOf(tid).Where(e => e.Entry).Select(e => (e.Function, e.Depth));

    static Dictionary<FunctionId, long> ExitsOf(RecordedCalls calls) =>
        calls.Ends.Where(e => e.Key.EndedBy == EndedBy.Exit).ToDictionary(e => e.Key.Function, e => e.Value);

    static RecordedCalls Record(ShapesAtWork shapes, Op[] ops)
    {
        using TraceSession session = shapes.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add(ops);
        // A saved context that defers a function is a matter of chance; the programs's own refusals are not.
        Assert.DoesNotContain(armed.Refused, r => r.Reason.Contains("saved context", StringComparison.Ordinal));
        shapes.Run(); // whole phases repeat exactly
        recorder.Stop();
        Op? count = ops.FirstOrDefault(op => op.Kind == OpKind.Count);
        RecordedCalls calls = RecordedCalls.Read(file, sequences: true);
        if (count is not null)
            foreach ((FunctionId id, ulong counted) in session.Counts(count))
                Assert.Equal((long)counted, calls.EntriesOf(id));
        return calls;
    }
}
