using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>What a .NET program calls its threads, as the kernel keeps it: 15 bytes.</summary>
[Collection(EngineTests.Name)]
public sealed class ThreadNameTests
{
    [Theory]
    [InlineData("net10.0")]
    [InlineData("net9.0")]
    [InlineData("net8.0")]
    public void Names_are_shown_as_they_are_given(string framework)
    {
        using var folder = new ScratchFolder();
        string file = folder.File("trace");
        using var program = ManagedProgram.Start(new ManagedBuild(framework).OrSkip(), new ManagedOptions { Threads = 2, Kinds = ["plain"], Environment = [.. TracedManaged.MapOf(framework)] });
        using (CliRun run = CliRun.Start("record", "--managed", "-o", file, "-p", $"{program.Pid}"))
        {
            run.WaitFor("armed ");
            AssertHeld(file);
            Assert.Equal(2, Names(program).Count(name => name == "works-under-a-l")); // of "works-under-a-long-name-0"
            Assert.Single(Names(program), "calltap"); // the helper, which stays
            program.BeginLate(); // they give themselves others now
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => Names(program).Count(name => name.StartsWith("late-", StringComparison.Ordinal)) == 2));
            Thread.Sleep(600); // names are read again after a quarter of a second
            run.Interrupt();
            run.AssertEnds(0);
        }
        using CliRun info = CliRun.Run(0, "info", file);
        Assert.Contains("late-0", info.Output, StringComparison.Ordinal);
        Assert.Contains("late-1", info.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("works-under", info.Output, StringComparison.Ordinal);
        program.AssertRight();
    }

    /// <summary>Under their first names threads have made events already.</summary>
    static void AssertHeld(string file) => Assert.True(Deadline.In(EngineTests.Patience).Poll(() => new FileInfo(file).Length > 4096), "nothing is recorded");

    static List<string> Names(ManagedProgram program) => [.. ProcFiles.Threads(program.Pid).Select(tid => ProcFiles.TryReadText(ProcFiles.Thread(program.Pid, tid, "comm"))?.TrimEnd('\n') ?? "")];
}
