using System.Diagnostics;
using Calltap.Code;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Programs of Go: goroutines that grow their stacks, panic, are preempted, profiled and collected around while their functions are armed.</summary>
[Collection(EngineTests.Name)]
public sealed class GoTests(ITestOutputHelper output)
{
    static Op All(string glob, OpKind kind) => new(kind, FunctionFilter.Parse([glob], []), glob);

    [Theory]
    [InlineData("mixed")]
    [InlineData("gophers")]
    public void Go_functions_are_counted_exactly_while_all_are_armed_and_disarmed(string name)
    {
        using GoProgram program = GoProgram.Start(name);
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.All });
        Op counted = new(OpKind.Count, FunctionFilter.Parse(["main.*", "mixed_leaf"], []), "counted"), all = All("*", OpKind.Graph);
        ArmReport armed = session.Add(counted);
        output.WriteLine($"{armed.Armed} of {armed.Wanted} armed");
        program.Begin();
        int rounds = Storm(session, program, all);
        IReadOnlyDictionary<string, long> called = program.Finish();
        session.Detach();
        AssertCounted(session, counted, called);
        Assert.True(called["main.round"] > rounds / 4, $"the program must have worked meanwhile: {called["main.round"]}");
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    [Theory]
    [InlineData("mixed")]
    [InlineData("gophers")]
    public void Recorded_and_lost_calls_of_goroutines_are_those_called(string name)
    {
        using GoProgram program = GoProgram.Start(name);
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions());
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        string[] names = ["main.build", "main.sum", "main.huge", "main.risky", "main.faulting", "main.square.area", "main.round"];
        ArmReport armed = recorder.Add([new Op(OpKind.Graph, FunctionFilter.Parse(names, []), "recorded")]);
        Assert.Equal(names.Length, armed.Armed);
        program.Begin();
        Thread.Sleep(2000);
        IReadOnlyDictionary<string, long> called = program.Finish();
        Assert.NotNull(recorder.Stop());
        RecordedCalls calls = RecordedCalls.Read(file);
        long missing = 0;
        foreach (string function in names)
        {
            long recorded = calls.EntriesOf(session.Catalog.Functions.Single(f => f.Name == function).Id);
            output.WriteLine($"{function}: called {called[function]}, recorded {recorded}");
            Assert.InRange(recorded, 0, called[function]);
            missing += called[function] - recorded;
        }
        Assert.Equal(calls.LostEntries, missing);
        Assert.True(missing < called.Values.Sum() / 2, "most must be recorded");
        Assert.All(calls.Ends.Where(end => calls.Catalog.NameOf(end.Key.Function).StartsWith("main.", StringComparison.Ordinal)), end => Assert.Equal(Trace.EndedBy.Unknown, end.Key.EndedBy));
        Assert.Equal(0, calls.OrphanExits);
        program.AssertRight();
    }

    [Fact]
    public void The_runtime_and_what_does_not_check_its_stack_are_left_alone()
    {
        using GoProgram program = GoProgram.Start("mixed");
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions());
        Assert.Equal(RefusalReason.GoRuntime, Plan("runtime.mallocgc").EntryRefusal);
        Assert.Equal(RefusalReason.GoUnchecked, Plan("main.spin").EntryRefusal);
        FunctionPlan build = Plan("main.build");
        Assert.NotNull(build.Entry);
        Assert.Empty(build.Exits);
        Assert.All(build.RefusedExits, exit => Assert.Equal(RefusalReason.GoExit, exit.Reason));
        program.Begin();
        program.Finish();
        program.AssertRight();

        FunctionPlan Plan(string name) => Assert.Single(session.Catalog.Functions, f => f.Name == name).Plan;
    }

    [Fact]
    public void A_command_of_Go_alone_is_traced_from_its_first_function()
    {
        using TargetLauncher launcher = TargetLauncher.Start(GoProgram.Build("gophers"), ["once"]);
        using TraceSession session = TraceSession.Attach(launcher.Pid, new SessionOptions { Launcher = launcher });
        Op counted = new(OpKind.Count, FunctionFilter.Parse(["main.*"], []), "counted");
        session.Add(counted);
        session.Release();
        Assert.Equal(new CommandExit(5, 0), launcher.WaitForExit());
        Dictionary<string, ulong> counts = session.Counts(counted).ToDictionary(count => session.Catalog.Functions[count.Key.Value].Name, count => count.Value);
        Assert.Equal((1ul, 3ul, 25ul * 255), (counts["main.main"], counts["main.round"], counts["main.build"]));
    }

    [Theory]
    [InlineData("mixed")]
    [InlineData("gophers")]
    public void Goroutines_outlive_tracers_killed_at_any_moment(string name)
    {
        using GoProgram program = GoProgram.Start(name);
        program.Begin();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        var random = new Random(1);
        int armed = 0, kills = LiveTest.Repeat(3, 100);
        for (int i = 0; i < kills; i++)
        {
            using (var tracer = new ArmingTracer(program.Pid, flips: true, "*"))
            {
                if (i % 3 == 2) tracer.AwaitArmed();
                else Thread.Sleep(random.Next(i % 3 == 0 ? 300 : 800)); // while it attaches, with a borrowed thread; or arms for the first time
                Thread.Sleep(random.Next(20));
                tracer.Kill();
            }
            Assert.True(program.IsRunning, program.Output);
            HelperPlace.AwaitOrphan(target);
            if (LeftSession.Find(target) is { IsDetached: false } left)
            {
                if (TextImage.Differences(target, catalog.Modules[0]) > 0) armed++;
                Assert.Empty(left.Restore().Refused);
            }
            TextImage.AssertRestored(target, catalog);
        }
        output.WriteLine($"{kills} kills, {armed} while functions were armed");
        Assert.True(armed > 0, "a tracer must have been killed while functions were armed");
        Assert.True(program.Finish()["main.round"] > 0, "the program must have worked");
        program.AssertRight();
    }

    int Storm(TraceSession session, GoProgram program, Op all)
    {
        long start = Stopwatch.GetTimestamp();
        int rounds = LiveTest.Repeat(3, 300);
        for (int i = 0; i < rounds; i++)
        {
            ArmReport added = session.Add(all);
            if (i == 0) output.WriteLine($"{added.Armed} of {added.Wanted} armed");
            Assert.True(added.Armed > 400, $"only {added.Armed} of {added.Wanted} armed");
            session.Remove(all);
            Assert.True(program.IsRunning, program.Output);
        }
        output.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        return rounds;
    }

    void AssertCounted(TraceSession session, Op counted, IReadOnlyDictionary<string, long> called)
    {
        Dictionary<string, long> counts = session.Counts(counted).ToDictionary(count => session.Catalog.Functions[count.Key.Value].Name, count => (long)count.Value);
        foreach ((string name, long calls) in called)
        {
            output.WriteLine($"{name}: called {calls}, counted {counts.GetValueOrDefault(name)}");
            Assert.True(calls > 0, $"{name} must have been called");
            Assert.Equal(calls, counts.GetValueOrDefault(name));
        }
    }
}
