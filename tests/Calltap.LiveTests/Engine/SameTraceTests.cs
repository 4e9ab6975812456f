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
public sealed class SameTraceTests(SameTraceTests.Undisturbed undisturbed, ITestOutputHelper output) : IClassFixture<SameTraceTests.Undisturbed>
{
    /// <summary>A program for all tests of this class, and the trace of one phase of it.</summary>
    public sealed class Undisturbed : IDisposable
    {
        public Undisturbed() => Calls = SameTraceTests.Record(Shapes, [ShapesAtWork.OpOf(OpKind.Graph)]);

        internal ShapesAtWork Shapes { get; } = ShapesAtWork.InPhases();

        internal RecordedCalls Calls { get; }

        public void Dispose() => Shapes.Dispose();
    }

    readonly ShapesAtWork _shapes = undisturbed.Shapes;
    readonly RecordedCalls _alone = undisturbed.Calls;

    [Fact]
    public void One_op_alone_and_one_among_several_record_the_same()
    {
        RecordedCalls among = Record(_shapes, [ShapesAtWork.OpOf(OpKind.Graph), ShapesAtWork.OpOf(OpKind.Count), ShapesAtWork.OpOf(OpKind.Graph)]);
        Assert.Equal(0, _alone.LostEntries + among.LostEntries);
        Assert.True(_alone.Entries > 100_000);
        Assert.Equal(ShapesAtWork.Threads, _alone.Threads.Count);
        foreach (Tid tid in _alone.Threads)
            AssertSame(_alone.SequenceOf(tid), among.SequenceOf(tid));
        _shapes.AssertRightSoFar();
    }

    [Theory]
    [MemberData(nameof(AnsweredPolicies.All), MemberType = typeof(AnsweredPolicies))]
    public async Task Each_policy_gives_the_trace_that_no_breakpoint_disturbs(Int3Policy int3, Answering answering)
    {
        answering.SkipUnlessAllowed();
        using TraceSession session = _shapes.Attach(int3);
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
                _shapes.Run();
                // A phase makes fewer events than a ring holds, and each finds it empty: none is lost.
                long made = ++phases * _alone.Events;
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
        foreach (Tid tid in _alone.Threads)
            AssertSame(Enumerable.Repeat(EntriesOf(_alone, tid), phases).SelectMany(e => e), EntriesOf(recorded, tid));
        Assert.Equal(ExitsOf(_alone).ToDictionary(e => e.Key, e => phases * e.Value), ExitsOf(recorded));
        _shapes.AssertRightSoFar();
    }

    /// <summary>As Assert.Equal would, which takes seconds for a million.</summary>
    static void AssertSame<T>(IEnumerable<T> expected, IEnumerable<T> actual)
    {
        if (!expected.SequenceEqual(actual)) Assert.Equal(expected, actual);
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
