using System.Text.Json;
using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Following;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary><c>--follow</c> as a user gives it.</summary>
[Collection(EngineTests.Name)]
public sealed class FollowCommandTests
{
    [Fact]
    public void Programs_that_a_shell_runs_are_in_one_trace()
    {
        using var folder = new ScratchFolder();
        string once = OnceProgram.Build(), trace = folder.File("t");
        using CliRun record = CliRun.Run(0, "record", "--follow", "-F", "once_*", "-o", trace, "--", "sh", "-c", $"{once} 0; {once} 0 & wait; exit 3");
        Assert.Contains("2 programs, ", record.Errors);
        Assert.Contains("0 calls lost; stopped: every process has ended; all bytes restored and verified", record.Errors);
        Assert.Contains("the command ended with exit code 3", record.Errors);
        Assert.Equal(2 * OnceProgram.LeafCalls, CallsOf("once_leaf", "report", trace, "--json"));
        using CliRun replay = CliRun.Run(0, "replay", trace);
        Assert.Equal(2, replay.Output.Split('\n').Count(line => line.StartsWith("# ", StringComparison.Ordinal) && line.Contains(once, StringComparison.Ordinal)));
        string[] tids = [.. replay.Output.Split('\n').Where(line => line.Contains("once_leaf", StringComparison.Ordinal)).Select(line => line.TrimStart().Split(' ')[0]).Distinct()];
        Assert.Equal(2, tids.Length);
        foreach (string tid in tids)
        {
            using CliRun one = CliRun.Run(0, "replay", trace, "--tid", tid), same = CliRun.Run(0, "replay", trace, "--tid", $"{tid}/{tid}");
            Assert.Equal(OnceProgram.LeafCalls, one.Output.Split('\n').Count(line => line.Contains("once_leaf", StringComparison.Ordinal)));
            Assert.Equal(one.Output, same.Output);
        }
        Assert.Contains($"it has {string.Join(", ", tids.Order().Select(tid => $"{tid}/{tid}"))}", CliRun.RunBad(1, "replay", trace, "--tid", $"{tids[0]}/{tids[1]}"));
        Assert.Contains("PID/TID", CliRun.RunBad(64, "replay", trace, "--tid", "a/b"));
    }

    /// <summary>A program that executes another keeps its thread's id: both are meant by it.</summary>
    [Fact]
    public void The_id_of_a_thread_means_every_program_that_it_ran()
    {
        using var folder = new ScratchFolder();
        using var program = new TreeProgram();
        string trace = folder.File("t");
        using CliRun record = CliRun.Run(0, "record", "--follow", "-F", "tree_root", "-o", trace, "--", TreeProgram.Path, program.TallyPath, "chain", "2");
        Assert.Contains("3 programs, ", record.Errors);
        using CliRun all = CliRun.Run(0, "replay", trace);
        string[] tids = [.. all.Output.Split('\n').Where(line => line.Contains("tree_root", StringComparison.Ordinal)).Select(line => line.TrimStart().Split(' ')[0]).Distinct()];
        using CliRun one = CliRun.Run(0, "replay", trace, "--tid", Assert.Single(tids));
        Assert.Equal(all.Output, one.Output);
        Assert.Equal(15, one.Output.Split('\n').Count(line => line.Contains("tree_root", StringComparison.Ordinal)));
    }

    [Fact]
    public void Calls_of_all_processes_are_counted_together()
    {
        using var program = new TreeProgram();
        using CliRun count = CliRun.Run(0, "count", "--follow", "-F", "tree_*", "--json", "--interval", "100ms", "--", TreeProgram.Path, program.TallyPath, "5");
        program.AssertRight();
        Assert.Equal(program.Leafs, JsonDocument.Parse(count.Output).RootElement.GetProperty("functions").EnumerateArray()
            .Single(f => f.GetProperty("name").GetString() == "tree_leaf").GetProperty("calls").GetInt64());
        Assert.Contains(" calls of ", count.Errors);
    }

    [Fact]
    public void Libraries_of_followed_processes_come_and_go()
    {
        using var folder = new ScratchFolder();
        using PluginProgram plugins = PluginProgram.Start();
        using CliRun record = CliRun.Start("record", "--follow", "-p", $"{plugins.Program.Pid}", "-o", folder.File("t"), "-F", "plugin_root@plugin", "-F", "several@plugin");
        record.WaitFor("armed 0 of 0 functions");
        for (int i = 0; i < 2; i++)
        {
            plugins.LoadLibrary();
            ModuleCommandTests.WaitForTimes(record, "functions of plugin.so", i + 1);
            plugins.CallLibrary(20);
            plugins.UnloadLibrary();
            ModuleCommandTests.WaitForTimes(record, "plugin.so has been unloaded", i + 1);
        }
        record.Interrupt();
        record.AssertEnds(0);
        Assert.Equal(40, CallsOf("plugin_root", "report", folder.File("t"), "--json"));
        plugins.Program.AssertRight();
    }

    [Fact]
    public void What_can_not_be_traced_is_told_and_followed()
    {
        string stranger;
        try
        {
            stranger = new GeneratedProgram("wait32", [SourceFile.FromResource(typeof(FollowCommandTests), "wait32.c", "-O2 -m32 -nostdlib -static")], "-m32 -nostdlib -static").Build(BuildCache.Directory);
        }
        catch (CompilerException e)
        {
            Assert.Skip($"no 32-bit compiler: {e.Message}");
            return;
        }
        string once = OnceProgram.Build();
        using CliRun count = CliRun.Run(0, "count", "--follow", "-F", "once_*", "--", "sh", "-c", $"timeout 0.3 {stranger}; {once} 0; true");
        Assert.Contains("no 64-bit x86 program", count.Errors);
        Assert.Contains("1 program, 1 could not be traced", count.Errors);
        Assert.Contains($"{OnceProgram.LeafCalls:N0}  once_leaf", count.Output);
    }

    [Fact]
    public void Where_nothing_matches_anywhere_it_is_said() =>
        Assert.Contains("no function matches in any process", CliRun.RunBad(1, "count", "--follow", "-F", "no_such_function", "--", "sh", "-c", "true; true"));

    [Fact]
    public void Too_many_open_files_are_told_as_such()
    {
        const string Crowd = "for i in $(seq 60); do sleep 2 & done; wait";
        using CliRun count = CliRun.StartBy(["sh", "-c", "ulimit -n 130; exec \"$@\"", "sh"], "count", "--follow", "-F", "no_such_function", "--", "sh", "-c", Crowd);
        count.AssertEnds(1);
        Assert.Contains("can open no more files", count.Errors);
        Assert.DoesNotContain("ended, or started another program", count.Errors);
        Assert.DoesNotContain("there is no process", count.Errors);
    }

    static long CallsOf(string function, params string[] command)
    {
        using CliRun report = CliRun.Run(0, command);
        return JsonDocument.Parse(report.Output).RootElement.GetProperty("functions").EnumerateArray()
            .Single(f => f.GetProperty("name").GetString() == function).GetProperty("calls").GetInt64();
    }
}
