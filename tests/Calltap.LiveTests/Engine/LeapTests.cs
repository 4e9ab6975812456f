using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Handlers that leave by siglongjmp, from wherever they have interrupted, trampolines included; threads that end with a slot of theirs unwritten.</summary>
[Collection(EngineTests.Name)]
public sealed class LeapTests(ITestOutputHelper output)
{
    const int Threads = 2;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["leap_leaf"], []), "graph");
    readonly Op _count = new(OpKind.Count, FunctionFilter.Parse(["leap_leaf"], []), "count");

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 20)] // reading one ring out then takes longer than a hole in the next is waited for
    public void A_slot_that_is_never_written_is_lost_and_no_more(bool threadsEnd, int slownessOfDisk)
    {
        using SmallProgram program = SmallProgram.Start("leaps", Threads, 2);
        using TraceSession session = program.Attach();
        using var file = new SlowFile(TimeSpan.FromMilliseconds(slownessOfDisk));
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([_graph, _count]);
        int wanted = LiveTest.Repeat(400, 20_000);
        program.Command(1, wanted, threadsEnd ? 1 : 0);
        long seen = recorder.Progress.Events;
        program.Command(1, 10, threadsEnd ? 1 : 0);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => recorder.Progress.Events > seen), "the recording has come to a stand");
        recorder.Stop();
        Assert.Null(recorder.Failure);
        RecordedCalls calls = RecordedCalls.Read(file);
        long called = program.Counted(0), leaps = program.Counted(1), holes = calls.Catalog.Lost.Values.Sum(l => l.Holes), full = calls.Catalog.Lost.Values.Sum(l => l.Entries);
        output.WriteLine($"{called} calls, {leaps} leaps: recorded {calls.Entries} of {calls.Threads.Count} threads, {holes} slots never written, {full} lost to full rings");
        Assert.True(leaps > wanted / 4, "the handlers must have left");
        Assert.True(holes > 0, "no handler has left a trampoline between reserving and writing");
        // A leap may end a call before its event is reserved, or after: one call in doubt for each.
        Assert.InRange(calls.Entries + full, called - leaps, called);
        // Threads that begin faster than rings become free are counted together.
        Assert.InRange((long)(session.Counts(_count).Values.Single() + session.Memory.UnattributedCounts), called - leaps, called);
        Assert.Equal(0, program.Control.WrongResults);
        program.AssertRight();
    }

    sealed class SlowFile(TimeSpan write) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) // the other Write comes here
        {
            Thread.Sleep(write);
            base.Write(buffer, offset, count);
        }
    }
}
