using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Static programs, which hold the C library themselves: it is armed with the rest.</summary>
[Collection(EngineTests.Name)]
public sealed class StaticTests(ITestOutputHelper output)
{
    const int Lanes = 4;

    static Op All(OpKind kind = OpKind.Graph) => new(kind, FunctionFilter.Parse(["*"], []), "all");

    [Theory]
    [InlineData("static")]
    [InlineData("static-pie")]
    [InlineData("static-stripped")]
    [InlineData("static-pie-stripped")]
    public void Every_call_is_recorded_or_lost(string build)
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1, ProgramBuild.Of(build));
        using TraceSession session = program.Attach();
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        ArmReport armed = recorder.Add([All()]);
        output.WriteLine($"{armed.Armed} of {armed.Wanted} armed");
        int threads = LiveTest.Repeat(150, 5_000);
        program.Run(threads);
        Assert.NotNull(recorder.Stop());
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{Lanes * threads} threads, {program.Counted(0)} calls; {calls.Entries} recorded of {calls.Threads.Count} threads, {recorder.Progress.LostEntries} lost");
        Assert.Equal(300L * Lanes * threads, program.Counted(0));
        // Without names the leaf is the function that is called that often.
        Assert.Contains(session.Catalog.Functions, f => program.Counted(0) - calls.EntriesOf(f.Id) is >= 0 and var missing && missing <= recorder.Progress.LostEntries);
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    [Theory]
    [InlineData("static")]
    [InlineData("static-pie-stripped")]
    public void The_whole_program_is_armed_and_disarmed_under_load(string build)
    {
        using SmallProgram program = SmallProgram.Start("churn", Lanes, 1, ProgramBuild.Of(build));
        using TraceSession session = program.Attach();
        program.Control.Post(1, 1_000_000);
        int rounds = LiveTest.Repeat(5, 300);
        for (int i = 0; i < rounds; i++)
        {
            Op all = All();
            ArmReport added = session.Add(all);
            if (i == 0) output.WriteLine($"{added.Armed} of {added.Wanted} armed");
            Assert.True(added.Armed > 500, $"only {added.Armed} of {added.Wanted} armed");
            session.Remove(all);
            program.AssertAlive($"in round {i}");
        }
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>All that runs between the set-up of the thread pointer and the end is armed.</summary>
    [Theory]
    [InlineData("static")]
    [InlineData("static-pie")]
    [InlineData("static-stripped")]
    [InlineData("static-pie-stripped")]
    [InlineData("musl-static")]
    [InlineData("musl-static-stripped")]
    public void A_command_runs_from_its_start_to_its_end_with_everything_armed(string build)
    {
        using TargetLauncher launcher = TargetLauncher.Start(ProgramBuild.Of(build).Program("once"), ["5"]);
        using TraceSession session = TraceSession.Attach(launcher.Pid, new SessionOptions { Launcher = launcher });
        Op op = All(OpKind.Count);
        ArmReport armed = session.Add(op);
        session.Release();
        Assert.Equal(new CommandExit(5, 0), launcher.WaitForExit());
        ulong[] counts = [.. session.Counts(op).Values];
        output.WriteLine($"{armed.Armed} of {armed.Wanted} armed, {counts.Count(c => c > 0)} called");
        Assert.Contains(3ul, counts);
        Assert.Contains(1000ul, counts);
    }

    [Fact]
    public void A_static_program_is_not_changed_without_a_ptracer()
    {
        using SmallProgram program = SmallProgram.Start("eight", 2, build: ProgramBuild.Of("static"));
        using TraceSession session = program.Attach();
        session.WithoutPtrace = true;
        AttachException refused = Assert.Throws<AttachException>(() => session.Add(All()));
        Assert.Equal(AttachRefusal.Unsupported, refused.Reason);
        program.AssertRight();
    }
}
