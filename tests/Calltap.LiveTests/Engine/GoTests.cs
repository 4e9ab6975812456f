using System.Diagnostics;
using Calltap.Code;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Programs of Go: what runs on the stacks of goroutines is left alone, C beside it is traced.</summary>
[Collection(EngineTests.Name)]
public sealed class GoTests(ITestOutputHelper output)
{
    static Op All(string glob, OpKind kind) => new(kind, FunctionFilter.Parse([glob], []), glob);

    [Fact]
    public void C_functions_of_a_Go_program_are_counted_exactly_and_Go_is_left_alone()
    {
        using GoProgram program = GoProgram.Start("mixed");
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Scope = FunctionScope.All });
        TargetFunction go = Assert.Single(session.Catalog.Functions, f => f.Name == "main.build");
        Assert.Equal((null, RefusalReason.GoRuntime), (go.Plan.Entry, go.Plan.EntryRefusal));
        Op leaf = All("mixed_leaf", OpKind.Count), all = All("*", OpKind.Graph);
        Assert.Equal(1, session.Add(leaf).Armed);
        program.Begin();
        long start = Stopwatch.GetTimestamp();
        int rounds = LiveTest.Repeat(3, 300);
        for (int i = 0; i < rounds; i++)
        {
            ArmReport added = session.Add(all);
            if (i == 0) output.WriteLine($"{added.Armed} of {added.Wanted} armed");
            Assert.True(added.Armed > 100, $"only {added.Armed} of {added.Wanted} armed");
            session.Remove(all);
            Assert.True(program.IsRunning, program.Output);
        }
        output.WriteLine($"{rounds} rounds in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        long called = program.Finish();
        session.Detach();
        output.WriteLine($"{called} calls");
        Assert.True(called > 0, "the program must have called");
        Assert.Equal((ulong)called, session.Counts(leaf).Values.Single());
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    [Fact]
    public void A_program_of_Go_alone_is_refused_in_one_line_and_runs_on()
    {
        using GoProgram program = GoProgram.Start("gophers");
        program.Begin();
        AttachException refused = Assert.Throws<AttachException>(() => TraceSession.Attach(program.Pid, new SessionOptions()));
        Assert.Equal(AttachRefusal.Unsupported, refused.Reason);
        Assert.DoesNotContain("\n", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Go's runtime", refused.Message, StringComparison.Ordinal);
        program.Finish();
        program.AssertRight();
    }

    [Fact]
    public void A_command_of_Go_alone_is_refused()
    {
        AttachException refused = Assert.Throws<AttachException>(() => TargetLauncher.Start(GoProgram.Build("gophers"), []));
        Assert.Equal(AttachRefusal.CannotRun, refused.Reason);
    }
}
