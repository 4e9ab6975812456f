using System.Diagnostics;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>
/// All methods of .NET's own library, of System.* and of the program come and go while threads collect, throw and meet null references: whoever is walked past
/// at a moment when a site misleads the runtime dies of it, or calculates wrongly.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class ManagedStormTests(ITestOutputHelper output)
{
    static readonly FunctionFilter s_assemblies = FunctionFilter.Parse(["@*.dll"], []);

    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=0")]
    [InlineData("net9.0", "DOTNET_TieredPGO=0")]
    public void Arming_everything_does_no_harm(string framework, string variable) => Storm(framework, variable, s_assemblies);

    /// <summary>With a breakpoint at each exit that no jump fits at, some thousand of them, met a hundred thousand times a second.</summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=0")]
    [InlineData("net9.0", "DOTNET_TieredPGO=0")]
    public void Breakpoints_that_stay_do_no_harm(string framework, string variable)
    {
        long answered = Storm(framework, variable, s_assemblies with { AllowsBreakpoints = true });
        Assert.True(answered > 1000, $"{answered} breakpoints were answered in the target");
    }

    long Storm(string framework, string variable, FunctionFilter filter)
    {
        int rounds = LiveTest.Repeat(3, 1000);
        using var program = ManagedProgram.Start(new ManagedBuild(framework).OrSkip(), new ManagedOptions { Environment = [variable] });
        program.BeginLate();
        long start = Stopwatch.GetTimestamp(), before = program.Rounds;
        program.Pause(); // no assembly is unloaded while the runtime is asked for what it has compiled: it may die of that (docs/dotnet.md)
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Filters = [filter] });
        program.Resume();
        output.WriteLine($"attached in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {session.Catalog.Functions.Count} functions");
        for (int i = 0; i < rounds; i++)
        {
            bool counts = i % 3 == 2 && i < 3 * SessionPlan.MaxCountOps;
            Op op = new(counts ? OpKind.Count : OpKind.Graph, s_assemblies, $"{i}");
            ArmReport report = session.Add(op);
            for (Deadline end = Deadline.In(TimeSpan.FromMilliseconds(100)); !end.IsPast; Thread.Sleep(1)) session.FollowModules();
            AssertWell(program, i);
            session.Remove(op);
            AssertWell(program, i);
            if (i % 50 < 2) output.WriteLine($"round {i}: {report.Armed} of {report.Wanted} in {report.Batch.Window.TotalMilliseconds:0} ms; {session.Catalog.Functions.Count} functions; {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        }
        session.Detach();
        output.WriteLine($"breakpoints answered in the target: {session.Traps.AnsweredInTarget}");
        output.WriteLine($"{rounds} rounds of arming in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, {program.Rounds - before} rounds of the program; traps answered: {session.Traps.Hits}, misdirected {session.Traps.Misdirected}");
        program.AssertRight();
        return session.Traps.AnsweredInTarget;
    }

    static void AssertWell(ManagedProgram program, int round) =>
        Assert.True(program.IsRunning && program.Wrong == 0, $"in round {round}: {program.Wrong} wrong; {(program.IsRunning ? "running" : "ended")}: {program.Output}");
}
