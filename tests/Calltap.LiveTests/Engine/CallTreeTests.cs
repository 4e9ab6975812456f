using System.Text.RegularExpressions;
using Calltap.LiveTests.Programs;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>The call tree of whole phases: every call ends as it really did.</summary>
[Collection(EngineTests.Name)]
public sealed partial class CallTreeTests(ITestOutputHelper output)
{
    [Fact]
    public void Calls_end_by_their_exit_unless_an_exception_or_longjmp_leaves_them()
    {
        using ShapesAtWork shapes = ShapesAtWork.InPhases();
        using TraceSession session = shapes.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add([new Op(OpKind.Graph, s_filter, "tree")]);
        shapes.Run();
        recorder.Stop();
        RecordedCalls calls = RecordedCalls.Read(file);

        Assert.Equal(0, calls.LostEntries);
        Assert.True(calls.OrphanExits == 0, $"{calls.OrphanExits} orphans: {calls.Orphans()}");
        HashSet<FunctionId> whole = [.. session.Catalog.Functions
            .Where(f => f.Plan.AllExitsPatchable && !armed.Refused.Any(r => r.Function.Id == f.Id)).Select(f => f.Id)];
        var unwound = new HashSet<string>();
        foreach (((FunctionId id, EndedBy how), long count) in calls.Ends)
        {
            string name = calls.Catalog.NameOf(id);
            if (how == EndedBy.Unwind) unwound.Add(KindOf(name));
            Assert.True(how != EndedBy.Unwind || MayBeLeft().IsMatch(name), $"{count} calls of {name} ended by {how}");
            Assert.True(how != EndedBy.Unknown || !whole.Contains(id), $"{count} calls of {name} ended by {how}");
        }
        Assert.Equal(Expected, unwound.Order());
        long unknown = calls.Ends.Where(e => e.Key.EndedBy == EndedBy.Unknown).Sum(e => e.Value);
        output.WriteLine($"{calls.Entries} calls, {unknown} of functions with an exit that can't be patched");
        shapes.AssertRight();
    }

    // A coroutine's stack close below its thread's may be taken for that (docs/limits.md, Call trees).
    static readonly FunctionFilter s_filter = FunctionFilter.Parse([ShapesProgram.FunctionGlob], ["*_coroutine*"]);

    static readonly string[] Expected =
        ["catchloop_b", "destructors_b", "longjump_leap", "longjump_way", "rethrow_b", "rethrow_c", "throw_b", "throw_c", "throw_d"];

    static string KindOf(string name) => Kind().Match(name).Groups[1].Value;

    [GeneratedRegex("^u[0-9]+_g[0-9]+_(.*)$")]
    private static partial Regex Kind();

    [GeneratedRegex("_(throw_[bcd]|rethrow_[bc]|destructors_b|catchloop_b|longjump_(leap|way))$")]
    private static partial Regex MayBeLeft();
}
