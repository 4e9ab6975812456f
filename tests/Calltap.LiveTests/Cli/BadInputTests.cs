using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary>Input that can't work: one clear line, a documented exit code, and nothing touched.</summary>
[Collection(EngineTests.Name)]
public sealed class BadInputTests
{
    [Theory]
    [InlineData("no command given")]
    [InlineData("Unrecognized command", "nonsense")]
    [InlineData("give one of -p PID", "record")]
    [InlineData("give only one of", "record", "-p", "1", "-n", "x")]
    [InlineData("give only one of --managed and --native", "count", "-p", "1", "--managed", "--native")]
    [InlineData("goes behind --", "record", "ls")]
    [InlineData("is no number", "record", "-p", "abc")]
    [InlineData("is no duration", "record", "-p", "1", "--duration", "5x")]
    [InlineData("is no size", "record", "-p", "1", "--max-size", "much")]
    [InlineData("is no op", "record", "-p", "1", "--op", "trace:x")]
    [InlineData("not recognized", "report", "x", "--sort", "colour")]
    public void A_wrong_command_line_is_64(string says, params string[] arguments) =>
        Assert.Contains(says, CliRun.RunBad(64, arguments));

    [Theory]
    [InlineData("there is no process", "-p", "999999999")]
    [InlineData("no process is called", "-n", "no-such-program")]
    [InlineData("no such command", "--", "no-such-command")]
    [InlineData("not executable", "--", "/etc/passwd")]
    public void A_target_that_is_not_there_is_2(string says, params string[] which) =>
        Assert.Contains(says, CliRun.RunBad(2, ["record", "-o", "/dev/null", .. which]));

    [Fact]
    public void A_kernel_thread_is_refused()
    {
        Assert.SkipUnless(File.Exists("/proc/2/comm") && File.ReadAllText("/proc/2/comm").StartsWith("kthreadd", StringComparison.Ordinal), "no kernel threads in this pid namespace");
        Assert.Contains("is a kernel thread", CliRun.RunBad(2, "record", "-p", "2"));
    }

    [Fact]
    public void A_name_that_two_processes_have_is_refused()
    {
        using var one = SpawnedProgram.Start(WaitProgram());
        using var two = SpawnedProgram.Start(WaitProgram());
        string line = CliRun.RunBad(2, "record", "-n", "calltap-wait");
        Assert.Contains($"{one.Pid}", line);
        Assert.Contains($"{two.Pid}", line);
    }

    [Fact]
    public void A_process_that_is_being_traced_is_refused()
    {
        using var folder = new ScratchFolder();
        using var program = SpawnedProgram.Start(WaitProgram());
        using var holder = SpawnedProgram.Start(Compiled("holder.c"), $"{program.Pid}", folder.File("said"));
        Assert.SkipWhen(holder.Wait(TimeSpan.FromMilliseconds(200)) is not null, "this user may not trace");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(folder.File("said")), EngineTests.Patience));
        Assert.Contains($"is already traced by process {holder.Pid}", CliRun.RunBad(2, "record", "-p", $"{program.Pid}"));
    }

    [Fact]
    public void A_32_bit_program_is_refused()
    {
        string program;
        try
        {
            program = Compiled("wait32.c", "-m32 -nostdlib -static"); // needs no 32-bit libc
        }
        catch (CompilerException e)
        {
            Assert.Skip($"no 32-bit compiler: {e.Message}");
            return;
        }
        using var running = SpawnedProgram.Start(program);
        Assert.Contains("no 64-bit x86 program", CliRun.RunBad(2, "record", "-p", $"{running.Pid}"));
    }

    [Fact]
    public void Somebody_elses_process_is_refused()
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/usr/bin/setpriv"), "needs root and setpriv");
        using var program = SpawnedProgram.Start(WaitProgram());
        string[] asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/tmp", "DOTNET_CLI_HOME=/tmp"];
        using (CliRun able = CliRun.StartBy(asNobody, "--version"))
            Assert.SkipUnless(able.EndsWith(0), "the build is not readable for others");
        using CliRun run = CliRun.StartBy(asNobody, "record", "-p", $"{program.Pid}", "-o", "/dev/null");
        run.AssertEnds(2);
        Assert.Contains("belongs to user 0: run calltap as that user or as root", run.Errors);
    }

    static string WaitProgram() => new GeneratedProgram("calltap-wait", [SourceFile.FromResource(typeof(BadInputTests), "wait.c", "-O2")]).Build(BuildCache.Directory);

    static string Compiled(string source, string flags = "") =>
        new GeneratedProgram(Path.GetFileNameWithoutExtension(source), [SourceFile.FromResource(typeof(BadInputTests), source, "-O2 " + flags)], flags).Build(BuildCache.Directory);
}
