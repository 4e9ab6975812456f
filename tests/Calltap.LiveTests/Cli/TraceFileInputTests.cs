using System.Text.Json;
using Calltap.LiveTests.Engine;

namespace Calltap.LiveTests.Cli;

/// <summary>Trace files that are damaged, cut off, or can't be written.</summary>
[Collection(EngineTests.Name)]
public sealed class TraceFileInputTests
{
    [Fact]
    public void A_cut_or_damaged_file_is_refused_and_what_is_readable_is_shown_by_force()
    {
        using var folder = new ScratchFolder();
        byte[] whole = File.ReadAllBytes(Record(folder));
        (string cut, string damaged) = (folder.File("cut"), folder.File("damaged"));
        File.WriteAllBytes(cut, whole[..(whole.Length * 2 / 3)]);
        whole[whole.Length / 2] ^= 1;
        File.WriteAllBytes(damaged, whole);
        foreach (string file in new[] { cut, damaged })
        {
            foreach (string[] view in Views(file))
            {
                string line = view[0] == "info" && file == damaged ? "" : CliRun.RunBad(2, view);
                Assert.True(line.Length == 0 || line.Contains("--force shows what is readable", StringComparison.Ordinal), line);
                using CliRun forced = CliRun.Run(0, [.. view, "--force"]);
                Assert.Contains("skipped 1 damaged part of ", forced.Errors);
                Assert.Equal(file == cut, forced.Errors.Contains("the file has no end", StringComparison.Ordinal));
            }
            using CliRun report = CliRun.Run(0, "report", file, "--json", "--force");
            Assert.True(JsonDocument.Parse(report.Output).RootElement.GetProperty("events").GetInt64() > 0);
            using CliRun info = CliRun.Run(0, "info", file, "--json", "--force");
            Assert.Equal(file == damaged, JsonDocument.Parse(info.Output).RootElement.GetProperty("complete").GetBoolean());
        }
    }

    static string[][] Views(string file) => [["report", file], ["replay", file], ["graph", file, "f0*"], ["diff", file, file], ["info", file]];

    [Fact]
    public void What_is_no_trace_is_refused()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("text"), "no trace at all, but long enough to hold a header");
        Assert.Contains("is it a trace", CliRun.RunBad(2, "report", folder.File("text")));
        Assert.Contains("is it a trace", CliRun.RunBad(2, "replay", folder.File("text")));
        Assert.Contains("is it a trace", CliRun.RunBad(2, "info", folder.File("text")));
        Assert.Contains("is it a trace", CliRun.RunBad(2, "graph", folder.File("text"), "main"));
        Assert.Contains("is it a trace", CliRun.RunBad(2, "diff", folder.File("text"), folder.File("text")));
        File.WriteAllBytes(folder.File("empty"), []);
        foreach (string[] view in Views(folder.File("empty"))) Assert.Contains("is empty, and no trace", CliRun.RunBad(2, view));
        foreach (string[] view in Views(folder.File("text"))) Assert.Contains("is it a trace", CliRun.RunBad(2, [.. view, "--force"]));
        Assert.Contains("can't read", CliRun.RunBad(2, "report", folder.File("absent")));
    }

    [Fact]
    public void A_thread_that_is_not_in_the_trace_is_1()
    {
        using var folder = new ScratchFolder();
        Assert.Contains("no thread 1 in this trace", CliRun.RunBad(1, "replay", Record(folder), "--tid", "1"));
    }

    [Fact]
    public void One_trace_is_seen_in_every_view()
    {
        using var folder = new ScratchFolder();
        string trace = Record(folder);
        using CliRun report = CliRun.Run(0, "report", trace, "--json", "--top", "1", "--sort", "calls");
        JsonElement first = JsonDocument.Parse(report.Output).RootElement.GetProperty("functions")[0];
        (string name, long calls) = (first.GetProperty("name").GetString()!, first.GetProperty("calls").GetInt64());
        using CliRun graph = CliRun.Run(0, "graph", trace, name, "--json");
        Assert.Equal(calls, JsonDocument.Parse(graph.Output).RootElement.GetProperty("callers").GetProperty("calls").GetInt64());
        using CliRun diff = CliRun.Run(0, "diff", trace, trace, "--csv");
        string[] line = diff.Output.Split('\n').Single(l => l.StartsWith($"{name},", StringComparison.Ordinal)).Split(',');
        Assert.Equal(($"{calls}", $"{calls}"), (line[2], line[3]));
        using CliRun info = CliRun.Run(0, "info", trace, "--json");
        Assert.True(JsonDocument.Parse(info.Output).RootElement.GetProperty("events").GetInt64() >= calls);
        Assert.Contains("no function of this trace matches", CliRun.RunBad(1, "graph", trace, "no_such_function"));
        Assert.Contains("give a second trace", CliRun.RunBad(64, "diff", trace));
    }

    [Fact]
    public void Whoever_closes_the_pipe_has_seen_enough()
    {
        using var folder = new ScratchFolder();
        string trace = Record(folder);
        foreach (string[] view in (string[][])[["replay", trace], ["replay", trace, "--flat"], ["report", trace], ["report", trace, "--csv"], ["graph", trace, "f0*", "--csv"], ["diff", trace, trace], ["info", trace]])
        {
            using CliRun run = CliRun.StartBy(["bash", "-c", "set -o pipefail; \"$@\" | head -n 1", "bash"], view);
            run.AssertEnds(0);
            Assert.Equal("", run.Errors);
        }
    }

    [Fact]
    public void A_full_disk_ends_the_recording_and_leaves_a_readable_file()
    {
        using var folder = new ScratchFolder();
        string mount = Directory.CreateDirectory(folder.File("small")).FullName;
        using (CliRun mounted = CliRun.StartBy(["sh", "-c", $"mount -t tmpfs -o size=600k none {mount}"]))
            Assert.SkipUnless(mounted.EndsWith(0), "needs the right to mount");
        try
        {
            using BusyDemo demo = BusyDemo.Start();
            using CliRun record = CliRun.Run(2, "record", "-p", demo.PidText, "-o", Path.Combine(mount, "t"));
            Assert.Contains("what was written is readable", record.Errors.Split('\n')[^1]);
            Assert.Contains("all bytes restored and verified", record.Errors);
            using CliRun report = CliRun.Run(0, "report", Path.Combine(mount, "t"), "--json", "--force");
            Assert.True(JsonDocument.Parse(report.Output).RootElement.GetProperty("events").GetInt64() > 0);
            demo.AssertRight();
        }
        finally
        {
            using CliRun unmounted = CliRun.StartBy(["sh", "-c", $"umount {mount}"]);
            unmounted.EndsWith(0);
        }
    }

    [Fact]
    public void Results_that_can_not_be_written_are_a_failure()
    {
        using CliRun run = CliRun.StartBy(["sh", "-c", "\"$@\" > /dev/full", "sh"], "functions", BusyDemo.Path);
        run.AssertEnds(2);
        Assert.Contains("No space left on device", run.Errors);
    }

    static string Record(ScratchFolder folder)
    {
        using BusyDemo demo = BusyDemo.Start();
        string trace = folder.File("t.calltap");
        CliRun.Run(0, "record", "-p", demo.PidText, "-o", trace, "--duration", "300ms").Dispose();
        return trace;
    }
}
