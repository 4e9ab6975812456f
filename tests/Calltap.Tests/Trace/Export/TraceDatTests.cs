using System.Globalization;
using System.Text.RegularExpressions;
using Calltap.Tests.Symbols;
using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace.Export;

/// <summary>trace-cmd must find in an export what our own commands find in the trace.</summary>
public sealed partial class TraceDatTests
{
    [Fact]
    public void Its_report_has_our_calls_and_times()
    {
        NestedTimes times = Read(TraceCmd(ExportSample.Whole, "-N", "-t"));
        Assert.True(times.IsBalanced);
        Assert.Equal(ExportSample.Report(ExportSample.Whole), times.Sums);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    public void Its_graph_is_our_replay_line_by_line(int tid)
    {
        using TraceReader reader = TraceReader.Open(ExportSample.Whole, "t");
        using var output = new StringWriter { NewLine = "\n" };
        ReplayWriter.Write(reader, output, new HashSet<Tid> { new(tid) });
        IEnumerable<string> ours = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[3..].Select(line => line[(line.IndexOf('|', StringComparison.Ordinal) + 1)..])
            .Select(line => line.Contains('}', StringComparison.Ordinal) ? line[..(line.IndexOf('}', StringComparison.Ordinal) + 1)] : line.Replace("a::b(int)", "a::b(int)()", StringComparison.Ordinal));
        string[] theirs = [.. GraphLine().Matches(TraceCmd(ExportSample.Whole)).Where(m => m.Groups[1].Value == $"{tid}").Select(m => m.Groups[2].Value)];
        Assert.True(theirs.Length > 2000);
        Assert.Equal(ours.SelectMany(Unfolded), theirs.SelectMany(Unfolded));

        // trace-cmd makes one line of a leaf only where nothing of another thread comes in between.
        static string[] Unfolded(string line) => line.EndsWith("();", StringComparison.Ordinal) ? [line[..^1] + " {", line[..^line.TrimStart().Length] + "}"] : [line];
    }

    [Fact]
    public void What_is_not_whole_is_balanced_and_told()
    {
        string report = TraceCmd(ExportSample.Odd, "-N", "-t");
        NestedTimes times = Read(report);
        Assert.True(times.IsBalanced);
        Assert.Equal(ExportSample.Report(ExportSample.Odd).Select(f => (f.Key, f.Value.Calls)), times.Sums.Select(f => (f.Key, f.Value.Calls)));
        Assert.Single(OddLine().Matches(report), m => m.Value == "0.000001120: events_lost:          entries=3 exits=2 holes=1");
        Assert.Single(OddLine().Matches(report), m => m.Value == "0.000001300: exits_of_earlier_calls: entries=0 exits=1 holes=0");
        Assert.Equal(2, OddLine().Count(report));
    }

    [Fact]
    public void Long_times_names_with_spaces_and_no_calls_at_all_are_read()
    {
        byte[] file = Write(w =>
        {
            w.WriteFunctions([Functions[1] with { Name = "operator new(unsigned long, int)" }]);
            w.WriteEvents(new Tid(1), [Entry(10, "main", 960), Entry(20, "f", 640), Exit(80_000_000_000, "f", 640), Exit(90_000_000_000, "main", 960)]);
        });
        NestedTimes times = Read(TraceCmd(file, "-N", "-t"));
        Assert.Equal((1, 89_999_999_990, 10 + 10_000_000_000), times.Sums["main"]);
        Assert.Equal((1, 79_999_999_980, 79_999_999_980), times.Sums["operator_new(unsigned_long,int)"]);
        Assert.Equal("cpus=0\n", TraceCmd(Write(_ => { })));
    }

    static string TraceCmd(byte[] file, params string[] arguments) =>
        ExportSample.WithFile(ExportSample.Export(file, TraceDatWriter.Write).Bytes, path => Tool.Run("trace-cmd", ["report", "-i", path, .. arguments]));

    // Events without its plugin, which would make one line of a leaf: the time and depth of each, and of an exit both times of its call.
    static NestedTimes Read(string report)
    {
        var times = new NestedTimes();
        var starts = new Dictionary<string, Stack<long>>();
        foreach (Match line in EventLine().Matches(report))
        {
            (string tid, string name) = (line.Groups[1].Value, line.Groups[5].Value);
            long ns = (long.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture) * 1_000_000_000) + long.Parse(line.Groups[3].Value, CultureInfo.InvariantCulture);
            int depth = int.Parse(line.Groups[6].Value, CultureInfo.InvariantCulture);
            starts.TryAdd(tid, []);
            if (line.Groups[4].Value == "-->")
            {
                Assert.Equal(times.Depth(tid), depth);
                times.Enter(tid, name, ns);
                starts[tid].Push(ns);
                continue;
            }

            Assert.Equal(name, times.Leave(tid, ns));
            Assert.Equal(times.Depth(tid), depth);
            Assert.Equal($"(start: {starts[tid].Pop():x}  end: {ns:x})", line.Groups[7].Value);
        }

        return times;
    }

    [GeneratedRegex(@"-(\d+) +\[\d+\] +(\d+)\.(\d{9}): funcgraph_\w+: +(-->|<--) (.+?) \((\d+)\) ?(.*)$", RegexOptions.Multiline)]
    private static partial Regex EventLine();

    [GeneratedRegex(@"-(\d+) +\[\d+\] +[\d.]+: funcgraph_\w+: +[^|\n]*\|(.*)$", RegexOptions.Multiline)]
    private static partial Regex GraphLine();

    [GeneratedRegex(@"[\d.]+: (events_lost|exits_of_earlier_calls): .*$", RegexOptions.Multiline)]
    private static partial Regex OddLine();
}
