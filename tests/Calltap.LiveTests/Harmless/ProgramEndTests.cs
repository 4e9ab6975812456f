using Calltap.LiveTests.Engine;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Harmless;

/// <summary>The end of a traced program: exit handlers and destructors are traced like anything else.</summary>
[Collection(EngineTests.Name)]
public sealed class ProgramEndTests(ITestOutputHelper output) : HarmlessTests(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Exit_handlers_and_destructors_run_and_are_recorded(bool launched)
    {
        using HarmProgram program = HarmProgram.Start(launched);
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        recorder.Add([HarmProgram.OpOf(OpKind.Graph)]);
        program.Release(session);
        program.AssertRight();
        recorder.Stop();
        Assert.Equal(RecordStop.TargetEnded, recorder.Ended);
        RecordedCalls calls = RecordedCalls.Read(file, sequences: true);
        Trail trail = Trail.Read(program, session.Catalog);
        Assert.Equal((2, 0), (trail.Entries, trail.Left));
        AssertSame(trail.Difference(calls));
    }
}
