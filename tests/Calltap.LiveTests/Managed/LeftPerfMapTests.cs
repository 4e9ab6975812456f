using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Managed;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>A perf map that a tracer has asked for, and what is left of it when one of both ends too early.</summary>
[Collection(EngineTests.Name)]
public sealed class LeftPerfMapTests
{
    static readonly ManagedOptions s_little = new() { Threads = 1, Kinds = ["plain"] };

    [Fact]
    public void The_next_one_ends_what_a_killed_tracer_has_asked_for()
    {
        using var program = ManagedProgram.Start(options: s_little);
        using (var tracer = new ManagedTracer(program.Pid, onlyMap: true))
        {
            tracer.AwaitReady();
            Look(program); // at one that another one has
            Assert.True(IsWritten(program), "who has asked lives");
            tracer.Kill();
        }
        Assert.True(IsWritten(program), "nobody has ended it");
        Assert.Single(Marks(program));
        Look(program);
        Assert.False(IsWritten(program));
        Assert.Empty(Marks(program));
        Assert.False(File.Exists($"/tmp/perf-{program.Pid}.map"));
        program.AssertRight();
    }

    [Fact]
    public void One_of_the_program_s_own_is_left_alone()
    {
        using var program = ManagedProgram.Start(options: s_little with { Environment = ["DOTNET_PerfMapEnabled=3"] });
        Look(program);
        Assert.True(IsWritten(program));
        program.AssertRight();
        File.Delete($"/tmp/perf-{program.Pid}.map");
    }

    [Fact]
    public void Nothing_is_left_when_the_program_ends_first()
    {
        using var program = ManagedProgram.Start(options: s_little);
        using (TargetProcess target = TargetProcess.Open(program.Pid))
        using (PerfMap.Enable(target))
        {
            Assert.True(File.Exists($"/tmp/perf-{program.Pid}.map"));
            Assert.Single(Marks(program));
            program.AssertRight();
        }
        Assert.False(File.Exists($"/tmp/perf-{program.Pid}.map"));
        Assert.Empty(Marks(program));
    }

    static void Look(ManagedProgram program)
    {
        using CliRun run = CliRun.Run(0, "functions", "-p", $"{program.Pid}", "--managed");
        Assert.Contains("Managed.Plain.Add", run.Output, StringComparison.Ordinal);
    }

    static bool IsWritten(ManagedProgram program) => ProcFiles.Descriptors(program.Pid).Select(ProcFiles.TryReadLink).Any(link => link?.Contains($"/perf-{program.Pid}.map", StringComparison.Ordinal) == true);

    static string[] Marks(ManagedProgram program) => Directory.GetFiles("/tmp", $"calltap-perf-map-{program.Pid}-*");
}
