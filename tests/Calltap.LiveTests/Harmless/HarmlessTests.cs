using System.Diagnostics;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Target;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Trace;

namespace Calltap.LiveTests.Harmless;

/// <summary>
/// What each topic asks (docs/harmless.md): a scene does the same untraced, recorded and in a storm of windows; the recorded tree is what the program
/// says of its calls. The base of the classes, one for a topic.
/// </summary>
public abstract class HarmlessTests(ITestOutputHelper output)
{
    readonly Op _graph = HarmProgram.OpOf(OpKind.Graph);
    readonly Op _count = HarmProgram.OpOf(OpKind.Count);
    readonly Op _graphAll = HarmProgram.OpOfAll(OpKind.Graph);
    readonly Op _countAll = HarmProgram.OpOfAll(OpKind.Count);

    /// <summary>Records a scene while entries change from one op to two and back; gives the trace and what the program says.</summary>
    private protected (RecordedCalls Calls, Trail Trail) Record(HarmProgram program, Scene scene)
    {
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add([_graph]);
        Assert.DoesNotContain(armed.Refused, r => r.Function.Plan.EntryRefusal == Code.RefusalReason.None);
        program.Release(session);
        program.Post(scene);
        int windows = 0;
        long start = Stopwatch.GetTimestamp();
        for (; !program.Control.IsDone; windows += 2)
        {
            recorder.Add([_count]);
            recorder.Remove(_count);
            program.AssertRightSoFar();
            Assert.True(Stopwatch.GetElapsedTime(start) < EngineTests.Patience, "the scene does not end");
        }
        long hits = session.Traps.Hits;
        recorder.Stop();
        Assert.Null(recorder.Failure);
        TextImage.AssertRestored(session.Target, session.Catalog);
        RecordedCalls calls = RecordedCalls.Read(file, sequences: true);
        Trail trail = Trail.Read(program, session.Catalog);
        output.WriteLine($"{scene}: {trail.Entries} calls, {trail.Left} left without a return, {calls.Threads.Count} threads, {windows} windows, {hits} hits, {armed.Armed} of {armed.Wanted} functions armed");
        Assert.Equal(0, calls.LostEntries);
        Assert.True(trail.Entries > 1000, "hardly a call was made");
        Assert.True(windows > 0, "no window was opened meanwhile");
        return (calls, trail);
    }

    /// <summary>The scene without any tracer: what its calls return.</summary>
    private protected static ulong[] Undisturbed(HarmProgram program, Scene scene)
    {
        program.Post(scene);
        long start = Stopwatch.GetTimestamp();
        while (!program.Control.IsDone)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < EngineTests.Patience, "the scene does not end");
            Thread.Sleep(1);
        }
        program.AssertRightSoFar();
        return program.Checksums();
    }

    /// <summary>Arms and disarms again and again while the scene runs without a pause; breakpoints must have been met.</summary>
    private protected void Storm(HarmProgram program, Scene scene)
    {
        using TraceSession session = program.Attach();
        program.PostStorm(scene);
        long start = Stopwatch.GetTimestamp();
        int rounds = LiveTest.Repeat(3, 100), i = 0;
        for (; i < rounds || (session.Traps.Hits == 0 && i < 50 * rounds); i++) // on a busy machine
        {
            program.Alive(() =>
            {
                session.Add(_graphAll);
                session.Add(_countAll);
                session.Remove(_graphAll);
                session.Remove(_countAll);
            });
            program.AssertRightSoFar();
        }
        output.WriteLine($"{scene}: {4 * i} windows in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, {session.Traps.Hits} hits, {program.Control.Threads.Sum(t => t.Rounds)} rounds");
        Assert.True(session.Traps.Hits > 0, "no thread ever met a breakpoint");
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>All of it for a scene that does the same each time.</summary>
    private protected void AssertHarmless(bool launched, Scene scene, Func<string, bool> isLeft)
    {
        using HarmProgram program = HarmProgram.Start(launched);
        ulong[]? before = launched ? null : Undisturbed(program, scene);
        (RecordedCalls calls, Trail trail) = Record(program, scene);
        ulong[] traced = program.Checksums();
        // What runs when a thread's frames are gone lies below its first one, which had an untraced caller (docs/limits.md, Call trees).
        AssertSame(scene == Scene.ThreadEnd ? trail.DifferenceOfTotals(calls) : trail.Difference(calls));
        AssertLeft(calls, isLeft);
        Assert.Equal(before ?? Undisturbed(program, scene), traced);
        if (launched) program.AssertRight(); // a storm is the same then
        else Storm(program, scene);
    }

    /// <summary>Nothing differs; Assert.Null would not show all of it.</summary>
    private protected static void AssertSame(string? difference) => Assert.True(difference is null, difference);

    static void AssertLeft(RecordedCalls calls, Func<string, bool> isLeft)
    {
        string[] unwound = [.. calls.Ends.Where(e => e.Key.EndedBy == EndedBy.Unwind).Select(e => calls.Catalog.NameOf(e.Key.Function)).Distinct()];
        Assert.All(unwound, name => Assert.True(isLeft(name), $"{name} was never left"));
    }
}
