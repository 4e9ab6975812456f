using System.Text.Json;
using Xunit;

namespace Calltap.LiveTests.Cli;

/// <summary><c>calltap export</c>: where it writes, what it refuses, what it says. What is in the formats is tested beside their writers.</summary>
public sealed class ExportCommandTests
{
    [Fact]
    public void Every_format_is_written_and_the_calls_are_those_of_the_report()
    {
        using var folder = new ScratchFolder();
        string trace = Record(folder);
        using CliRun report = CliRun.Run(0, "report", trace, "--json");
        long calls = JsonDocument.Parse(report.Output).RootElement.GetProperty("functions").EnumerateArray().Sum(f => f.GetProperty("calls").GetInt64());
        foreach (string format in new[] { "chrome", "perfetto", "speedscope", "folded", "flamegraph", "trace-dat", "uftrace" })
        {
            string output = folder.File($"t.{format}");
            using CliRun export = CliRun.Run(0, "export", trace, "--format", format, "-o", output);
            Assert.StartsWith($"{output}: {calls:N0} calls of ", export.Errors);
            Assert.True(format == "uftrace" ? File.Exists(Path.Combine(output, "info")) : new FileInfo(output).Length > 100);
        }

        using CliRun folded = CliRun.Run(0, "export", trace, "--format", "folded", "--weight", "calls");
        Assert.Equal(calls, folded.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => long.Parse(line[line.LastIndexOf(' ')..])));
        using CliRun part = CliRun.Run(0, "export", trace, "--format", "chrome", "-D", "1", "--to", "10ms");
        Assert.InRange(JsonDocument.Parse(part.Output).RootElement.GetProperty("otherData").GetProperty("calls").GetInt64(), 1, calls - 1);
    }

    [Fact]
    public void What_can_not_be_is_said_in_one_line_and_harms_no_file()
    {
        using var folder = new ScratchFolder();
        string trace = Record(folder);
        long length = new FileInfo(trace).Length;
        Assert.Contains("give -o FOLDER", CliRun.RunBad(64, "export", trace, "--format", "uftrace"));
        Assert.Contains("--weight means nothing to --format chrome", CliRun.RunBad(64, "export", trace, "--format", "chrome", "--weight", "calls"));
        Assert.Contains("not empty", CliRun.RunBad(2, "export", trace, "--format", "uftrace", "-o", Path.GetDirectoryName(trace)!));
        Assert.Contains("no thread", CliRun.RunBad(1, "export", trace, "--format", "folded", "--tid", "1"));
        CliRun.RunBad(2, "export", trace, "--format", "chrome", "-o", trace);
        Assert.Equal(length, new FileInfo(trace).Length);
        CliRun.RunBad(2, "export", trace, "--format", "folded", "-o", folder.File("no/such/folder"));
        Assert.Contains("No space left", CliRun.RunBad(2, "export", trace, "--format", "chrome", "-o", "/dev/full"));
        Assert.True(File.Exists("/dev/full"));
    }

    static string Record(ScratchFolder folder)
    {
        using BusyDemo demo = BusyDemo.Start();
        string trace = folder.File("t.calltap");
        CliRun.Run(0, "record", "-p", demo.PidText, "-o", trace, "--duration", "50ms").Dispose();
        return trace;
    }
}
