using Calltap.LiveTests.Cli;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>A command is armed when the dynamic linker is through: its own constructors are traced as main is.</summary>
[Collection(EngineTests.Name)]
public sealed class LaunchedTests
{
    [Theory]
    [InlineData("usual")]
    [InlineData("musl")]
    [InlineData("musl-static")]
    [InlineData("static")]
    [InlineData("static-pie")]
    public void Constructors_and_main_of_a_command_are_counted_from_the_first_call(string build)
    {
        using TargetLauncher launcher = TargetLauncher.Start(ProgramBuild.Of(build).Program("once"), ["5"]);
        using TraceSession session = TraceSession.Attach(launcher.Pid, new SessionOptions { Launcher = launcher });
        var op = new Op(OpKind.Count, FunctionFilter.Parse(["once_*", "main"], []), "once");
        Assert.Equal(3, session.Add(op).Armed);
        session.Release();
        Assert.Equal(new CommandExit(5, 0), launcher.WaitForExit());
        Dictionary<string, ulong> counts = session.Counts(op).ToDictionary(c => session.Catalog.Functions[c.Key.Value].Name, c => c.Value);
        Assert.Equal((3ul, 1ul, (ulong)OnceProgram.LeafCalls), (counts["once_early"], counts["main"], counts["once_leaf"]));
    }
}
