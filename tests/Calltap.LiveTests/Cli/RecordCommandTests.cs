using System.Text.Json;
using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Cli;

[Collection(EngineTests.Name)]
public sealed class RecordCommandTests
{
    const string Restored = "all bytes restored and verified";

    [Fact]
    public void Records_for_a_duration_and_the_trace_reports_and_replays()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        string trace = folder.File("t.calltap");
        using CliRun record = CliRun.Run(0, "record", "-p", demo.PidText, "-F", "f[0-9]*", "-o", trace, "--duration", "200ms");
        Assert.Contains("scope: executable", record.Errors);
        Assert.Contains($"armed {BusyDemo.Functions} of {BusyDemo.Functions} functions", record.Errors);
        Assert.Contains("stopped: its duration is over; " + Restored, record.Errors);
        demo.AssertRight();

        using CliRun report = CliRun.Run(0, "report", trace, "--json");
        JsonElement json = JsonDocument.Parse(report.Output).RootElement;
        Assert.Equal(BusyDemo.Threads, json.GetProperty("threads").GetInt32());
        Assert.True(json.GetProperty("events").GetInt64() > 0);
        JsonElement[] functions = [.. json.GetProperty("functions").EnumerateArray()];
        Assert.InRange(functions.Length, 1, BusyDemo.Functions);
        Assert.All(functions, f => Assert.Matches("^f[0-9]{5}$", f.GetProperty("name").GetString()));

        using CliRun replay = CliRun.Run(0, "replay", trace);
        Assert.Matches(@"\|  f\d+\(\) \{", replay.Output);
        Assert.Matches(@"\|    f\d+\(\);", replay.Output);
        using CliRun top = CliRun.Run(0, "report", trace, "--sort", "calls", "--top", "3");
        Assert.Equal(5, top.Output.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public void Records_without_a_ptracer()
    {
        Answering.HandlerAlone.SkipUnlessAllowed();
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Run(0, "record", "-p", demo.PidText, "--no-ptrace", "-o", folder.File("t"), "--duration", "200ms");
        Assert.Contains(Restored, record.Errors);
        demo.AssertRight();
        using CliRun report = CliRun.Run(0, "report", folder.File("t"));
        Assert.Contains("calltap-demo", report.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ends_in_good_order_when_told(bool terminate)
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Start("record", "-p", demo.PidText, "-o", folder.File("t"));
        record.WaitFor("\narmed ");
        if (terminate) record.Terminate();
        else record.Interrupt();
        record.AssertEnds(0);
        Assert.Contains(Restored, record.Errors);
        demo.AssertRight();
        CliRun.Run(0, "report", folder.File("t")).Dispose();
    }

    /// <summary>The kernel's SIGXCPU would end the tracer with functions armed.</summary>
    [Fact]
    public void Ends_in_good_order_at_a_limit_of_its_CPU_time()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.StartBy(["prlimit", "--cpu=2:"], "record", "-p", demo.PidText, "-o", folder.File("t"), "--duration", "60s");
        record.AssertEnds(0);
        Assert.Contains("stopped: SIGXCPU (see `ulimit -t`); " + Restored, record.Errors);
        demo.AssertRight();
    }

    [Fact]
    public void Stops_at_its_largest_size()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Run(0, "record", "-p", demo.PidText, "-o", folder.File("t"), "--max-size", "500KB");
        Assert.Contains("stopped: the file has reached 500.0 KB; " + Restored, record.Errors);
        Assert.InRange(new FileInfo(folder.File("t")).Length, 500_000, 20_000_000);
        CliRun.Run(0, "report", folder.File("t")).Dispose();
    }

    [Theory]
    [InlineData("record")]
    [InlineData("count")]
    public void Says_where_else_to_look_when_nothing_was_called(string command)
    {
        using var folder = new ScratchFolder();
        using SmallProgram idle = SmallProgram.Start("eight", 1);
        string[] output = command == "record" ? ["-o", folder.File("t")] : [];
        using CliRun run = CliRun.Run(0, [command, "-p", $"{idle.Pid}", "-F", "one_leaf", "--duration", "100ms", .. output]);
        Assert.Contains("none of these functions was called; where the work is done in libraries: --libs", run.Errors);
        idle.AssertRight();
    }

    [Fact]
    public void Completes_the_file_when_the_target_ends()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Start("record", "-p", demo.PidText, "-o", folder.File("t"));
        record.WaitFor("\narmed ");
        demo.End();
        record.AssertEnds(0);
        Assert.Contains("stopped: the target ended", record.Errors);
        CliRun.Run(0, "report", folder.File("t")).Dispose();
    }

    [Fact]
    public void A_command_is_armed_before_main_runs()
    {
        using var folder = new ScratchFolder();
        string program = OnceProgram.Build();
        using CliRun record = CliRun.Run(0, "record", "-o", folder.File("t"), "--", program, "3");
        Assert.Contains("the command ended with exit code 3", record.Errors);
        using CliRun report = CliRun.Run(0, "report", folder.File("t"), "--json");
        JsonElement json = JsonDocument.Parse(report.Output).RootElement;
        Assert.Equal(0, json.GetProperty("lost").GetInt64());
        Assert.Equal(1, CallsOf(json, "main"));
        Assert.Equal(OnceProgram.LeafCalls, CallsOf(json, "once_leaf"));
    }

    [Fact]
    public void Several_ops_at_once_show_in_status()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        using CliRun record = CliRun.Start("record", "-p", demo.PidText, "-o", folder.File("t"), "--op", "graph:f000*", "--op", "count:f00[01]*");
        record.WaitFor("\narmed 200 of 200 functions");
        using CliRun status = CliRun.Run(0, "status", "-p", demo.PidText, "--functions", "--json");
        JsonElement json = JsonDocument.Parse(status.Output).RootElement;
        Assert.Equal(200, json.GetProperty("armed").GetInt32());
        Assert.Equal(record.Pid.Value, json.GetProperty("tracer").GetInt32());
        var callers = json.GetProperty("functions").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("caller").GetString());
        Assert.Equal("list", callers["f00000"]);
        Assert.Equal("count", callers["f00100"]);
        record.Interrupt();
        record.AssertEnds(0);
        Assert.Contains("# count:f00[01]*", record.Output);
        Assert.Matches(@"\d+ +f00100 ", record.Output);
        demo.AssertRight();
    }

    [Fact]
    public void Nothing_is_touched_when_nothing_matches()
    {
        using BusyDemo demo = BusyDemo.Start();
        string before = File.ReadAllText($"/proc/{demo.Pid}/maps");
        string line = CliRun.RunBad(1, "record", "-p", demo.PidText, "-F", "no_such_function", "-o", "/nonexistent/never-made");
        Assert.Contains("no function matches", line);
        Assert.Equal(before, File.ReadAllText($"/proc/{demo.Pid}/maps"));
    }

    static long CallsOf(JsonElement report, string name) => report.GetProperty("functions").EnumerateArray()
        .Single(f => f.GetProperty("name").GetString() == name).GetProperty("calls").GetInt64();
}
