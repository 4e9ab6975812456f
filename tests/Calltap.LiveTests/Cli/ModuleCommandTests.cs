using System.Text.Json;
using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Cli;

/// <summary>Libraries that come and go while the tool is at work.</summary>
[Collection(EngineTests.Name)]
public sealed class ModuleCommandTests
{
    const int Calls = 20;
    static readonly string[] s_functions = ["-F", "plugin_root@plugin", "-F", "several@plugin", "-F", "one*@plugin"];

    [Fact]
    public void A_library_that_is_named_is_waited_for_and_its_calls_are_in_the_trace()
    {
        using var folder = new ScratchFolder();
        using PluginProgram plugins = PluginProgram.Start();
        using CliRun record = CliRun.Start(["record", "-p", $"{plugins.Program.Pid}", "-o", folder.File("t"), .. s_functions]);
        record.WaitFor("its functions are armed when it comes");
        record.WaitFor("armed 0 of 0 functions");
        for (int i = 0; i < 2; i++)
        {
            plugins.LoadLibrary();
            WaitForTimes(record, "armed 4 of 4 functions of plugin.so", i + 1);
            plugins.CallLibrary(Calls);
            plugins.UnloadLibrary();
            WaitForTimes(record, "plugin.so has been unloaded", i + 1);
        }
        record.Interrupt();
        record.AssertEnds(0);
        Assert.Contains("all bytes restored and verified", record.Errors);
        using CliRun report = CliRun.Run(0, "report", folder.File("t"), "--json");
        JsonElement root = JsonDocument.Parse(report.Output).RootElement.GetProperty("functions").EnumerateArray()
            .Single(f => f.GetProperty("name").GetString() == "plugin_root");
        Assert.Equal(2 * Calls, root.GetProperty("calls").GetInt64());
        using CliRun replay = CliRun.Run(0, "replay", folder.File("t"));
        Assert.Contains("plugin_root() {", replay.Output);
        plugins.Program.AssertRight();
    }

    [Fact]
    public void Calls_are_counted_wherever_the_library_is_loaded()
    {
        using PluginProgram plugins = PluginProgram.Start();
        using CliRun count = CliRun.Start("count", "-p", $"{plugins.Program.Pid}", "--libs", "-F", "plugin_root", "-F", "own_leaf", "--json");
        count.WaitFor("armed 1 of 1 functions");
        for (int i = 0; i < 2; i++)
        {
            plugins.LoadLibrary();
            WaitForTimes(count, "armed 1 of 1 functions of plugin.so", i + 1);
            plugins.CallLibrary(Calls);
            plugins.UnloadLibrary();
            if (i == 0) plugins.Occupy(); // it comes back elsewhere
            WaitForTimes(count, "plugin.so has been unloaded", i + 1);
        }
        plugins.AssertOccupiedAndFree();
        count.Interrupt();
        count.AssertEnds(0);
        JsonElement root = JsonDocument.Parse(count.Output).RootElement.GetProperty("functions").EnumerateArray()
            .Single(f => f.GetProperty("name").GetString() == "plugin_root");
        Assert.Equal(2 * Calls, root.GetProperty("calls").GetInt64());
        plugins.Program.AssertRight();
    }

    /// <summary>The tracer is gone, and so is the library; what is in its place is the program's.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Detach_leaves_alone_what_came_in_the_place_of_an_armed_library(bool reloaded)
    {
        using var folder = new ScratchFolder();
        using PluginProgram plugins = PluginProgram.Start();
        plugins.LoadLibrary();
        using CliRun record = CliRun.Start("record", "-p", $"{plugins.Program.Pid}", "--libs", "-F", "plugin_root", "-F", "several", "-F", "own_leaf", "-o", folder.File("t"));
        record.WaitFor("\narmed 3 of 3 functions");
        record.Kill();
        if (reloaded) Assert.True(plugins.IsReloadedInPlace(), "it came to another address");
        else plugins.UnloadLibrary();
        if (!reloaded) plugins.Occupy();
        using CliRun detach = CliRun.Run(0, "detach", "-p", $"{plugins.Program.Pid}");
        Assert.Contains("all bytes restored and verified", detach.Output);
        Assert.Contains("nothing is armed", CliRun.RunBad(1, "detach", "-p", $"{plugins.Program.Pid}"));
        if (reloaded) plugins.CallLibrary(Calls);
        else plugins.AssertOccupiedAndFree();
        plugins.Program.AssertRight();
    }

    internal static void WaitForTimes(CliRun run, string text, int times) =>
        Assert.True(Calltap.Target.Deadline.In(EngineTests.Patience).Poll(() => run.Errors.Split(text).Length > times), $"not {times} times '{text}': {run.Errors}");
}
