using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.LiveTests.Managed;

/// <summary>Calls of .NET methods under a storm of collections, as recorded: entries, returns, and those that an exception ended.</summary>
[Collection(EngineTests.Name)]
public sealed class ManagedTraceTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net10.0", "DOTNET_gcConcurrent=0")]
    [InlineData("net10.0", "DOTNET_gcServer=1")]
    [InlineData("net10.0", "DOTNET_EnableWriteXorExecute=0")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net9.0", "DOTNET_gcConcurrent=1")]
    public void Recorded_and_lost_is_called(string framework, string variable)
    {
        using TracedManaged traced = TracedManaged.Start(new ManagedBuild(framework).OrSkip(), Untiered(framework, variable));
        Record(traced, TracedManaged.Usual);
        traced.Program.AssertRight();
    }

    /// <summary>A breakpoint stays at each exit that no jump fits at: all methods have times, and no call goes wrong.</summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net10.0", "DOTNET_gcServer=1")]
    [InlineData("net10.0", "DOTNET_EnableWriteXorExecute=0")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net9.0", "DOTNET_gcConcurrent=1")]
    public void Breakpoints_that_stay_see_the_other_exits(string framework, string variable)
    {
        using TracedManaged traced = TracedManaged.Start(new ManagedBuild(framework).OrSkip(), Untiered(framework, variable), breakpoints: true);
        Record(traced, TracedManaged.Usual);
        output.WriteLine($"{traced.Breakpoints} breakpoints, answered {traced.Session.Traps.AnsweredInTarget} times in the target and {traced.Session.Traps.Hits} times by the guard");
        Assert.True(traced.Breakpoints > 10, $"{traced.Breakpoints} breakpoints");
        Assert.True(traced.Session.Traps.AnsweredInTarget > 1000, $"answered {traced.Session.Traps.AnsweredInTarget} times");
        traced.Program.AssertRight();
    }

    /// <summary>
    /// Methods made at run time are armed before their first call where the thread that has compiled one can be made to wait. They are freed, and others like them come to the same addresses, by the
    /// thousand a second: no byte of ours may come into one, and none is restored over one.
    /// </summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net10.0", "DOTNET_gcServer=1")]
    [InlineData("net9.0", "DOTNET_gcConcurrent=1")]
    public void Dynamic_methods_are_armed_as_they_come(string framework, string variable)
    {
        Assert.SkipUnless(TracedManaged.MapsAreServed, "perf maps can't be served here (FUSE, root): who compiles a method does not wait");
        using TracedManaged traced = TracedManaged.Start(new ManagedBuild(framework).OrSkip(), new ManagedOptions { Environment = [variable], Kinds = ["plain", "gc", "exceptions", "dynamic"] });
        using var file = new MemoryStream();
        using var recorder = new Recorder(traced.Session, file, new RecordOptions());
        Dictionary<string, ManagedCalls> before = traced.Calls();
        recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse(["dynamicClass.*", "Managed.Dynamic.*"], []), "dynamic")]);
        traced.Program.Resume();
        int bodies = traced.Work(TracedManaged.Usual, recorder.FollowModules);
        Dictionary<string, ManagedCalls> after = traced.Calls(recorder.FollowModules);
        int armed = traced.Compiled.Count(body => body.Symbol.IsTransient && traced.Session.Sites.ContainsKey(body.Id));
        recorder.Stop();
        traced.Program.Resume();
        RecordedCalls recorded = RecordedCalls.Read(file);
        long called = after["dynamicClass.Made"].Entered - before.GetValueOrDefault("dynamicClass.Made").Entered, seen = traced.Sum(recorded.EntriesOf)["dynamicClass.Made"];
        output.WriteLine($"{bodies} bodies came, {armed} dynamic ones were armed; called {called}, recorded {seen}, lost {recorded.LostEntries}");
        Assert.True(armed > 3, $"{armed} were armed");
        Assert.InRange(seen + recorded.LostEntries, 1, called);
        for (int i = 0; i < 20; i++, Thread.Sleep(50)) Assert.True(traced.Program.IsRunning && traced.Program.Wrong == 0, $"{traced.Program.Wrong} wrong: {traced.Program.Output}");
        traced.Program.AssertRight();
    }

    /// <summary>One program all the time, half an hour in the long form: traced for some seconds, left alone, traced again.</summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    public void Recorded_and_lost_is_called_again_and_again(string framework, string variable)
    {
        using var program = ManagedProgram.Start(new ManagedBuild(framework).OrSkip(), Untiered(framework, variable));
        var end = Deadline.In(TimeSpan.FromSeconds(LiveTest.Repeat(3, 1800)));
        int times = 0;
        for (; times < 2 || !end.IsPast; times++)
        {
            using TracedManaged traced = TracedManaged.Attach(program);
            Record(traced, TimeSpan.FromSeconds(LiveTest.Repeat(1, 5)));
            Assert.Equal(0, program.Wrong);
        }

        output.WriteLine($"{times} sessions with one program");
        program.AssertRight();
    }

    static ManagedOptions Untiered(string framework, string variable) =>
        new() { Environment = [variable, "DOTNET_TieredCompilation=0", .. TracedManaged.MapOf(framework)], Kinds = TracedManaged.SteadyKinds };

    void Record(TracedManaged traced, TimeSpan time)
    {
        using var file = new MemoryStream();
        using var recorder = new Recorder(traced.Session, file, new RecordOptions());
        Dictionary<string, ManagedCalls> before = traced.Calls();
        ArmReport report = recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse(before.Keys, []), "counted")]); // no other: what is lost is not told by method
        traced.SkipWithoutRoom(report);
        Assert.True(traced.Changed > 30, $"{traced.Changed} bodies have changed; {TracedManaged.Refusals(report)}");
        traced.Program.Resume();
        int bodies = traced.Work(time, recorder.FollowModules);
        Dictionary<string, ManagedCalls> after = traced.Calls(recorder.FollowModules);
        HashSet<string> entries = traced.Armed(), exits = traced.Armed(exits: true);
        recorder.Stop();
        traced.AssertRestored();
        traced.Program.Resume();
        Assert.True(bodies < 20, $"{bodies} bodies came");
        Compare(traced, RecordedCalls.Read(file), after.Where(m => entries.Contains(m.Key)).ToDictionary(m => m.Key, m => new ManagedCalls(m.Value.Entered - before[m.Key].Entered, m.Value.Unwound - before[m.Key].Unwound)), exits);
    }

    void Compare(TracedManaged traced, RecordedCalls recorded, Dictionary<string, ManagedCalls> called, HashSet<string> exits)
    {
        Dictionary<string, long> entries = traced.Sum(recorded.EntriesOf);
        Dictionary<(FunctionId, EndedBy), long> ends = recorded.Ends;
        Dictionary<string, long> returned = traced.Sum(id => ends.GetValueOrDefault((id, EndedBy.Exit)));
        long all = called.Values.Sum(c => c.Entered), missing = called.Sum(m => m.Value.Entered - entries[m.Key]);
        output.WriteLine(
            $"{called.Count} methods, {exits.Count(called.ContainsKey)} with all exits; called {all}, recorded {all - missing}, lost {recorded.LostEntries}, orphans {recorded.OrphanExits}; ended: "
            + string.Join(", ", ends.GroupBy(e => e.Key.Item2).Select(g => $"{g.Key} {g.Sum(e => e.Value)}")));
        Assert.True(called.Count > 30, $"only {called.Count} methods are armed whole");
        Assert.All(called, method => Assert.True(entries[method.Key] <= method.Value.Entered, $"{method.Key}: called {method.Value.Entered}, recorded {entries[method.Key]}"));
        Assert.Equal(recorded.LostEntries, missing);
        if (recorded.LostEntries > 0) return;
        Assert.Empty(called.Where(m => exits.Contains(m.Key) && returned[m.Key] != m.Value.Returned)
            .Select(m => $"{m.Key}: returned {m.Value.Returned} of {m.Value.Entered}, recorded {returned[m.Key]} of {entries[m.Key]}"));
    }
}
