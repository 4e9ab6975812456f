using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Engine;

/// <summary>The specialised trampoline and the list form give the same trace.</summary>
[Collection(EngineTests.Name)]
public sealed class SameTraceTests
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
