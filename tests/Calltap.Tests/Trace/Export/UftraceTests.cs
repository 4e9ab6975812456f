using System.Text.RegularExpressions;
using Calltap.Tests.Symbols;
using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace.Export;

/// <summary>uftrace must find in an export what our own commands find in the trace.</summary>
public sealed partial class UftraceTests
{
    // Calls without recursion, which uftrace and we count differently in a graph.
    static readonly byte[] s_layers = Write(w =>
    {
        List<TraceEvent> events = [];
        ulong time = 1000;
        void Call(int depth, string[] names)
        {
            events.Add(Entry(time += 7, names[depth], (uint)(9600 - (320 * depth))));
            for (int i = 0; i < 2 + depth && depth + 1 < names.Length; i++)
                Call(depth + 1, names);
            events.Add(Exit(time += 900_001, names[depth], (uint)(9600 - (320 * depth))));
        }

        Call(0, ["main", "f", "g", "h"]);
        Call(0, ["main", "a::b(int)", "h", "g"]);
        w.WriteEvents(new Tid(42), [.. events]);
    });

    [Fact]
    public void Its_report_has_our_calls_and_times()
    {
        string report = Uftrace(ExportSample.Whole, "report", "--no-pager");
        Assert.Equal(
            ExportSample.Report(ExportSample.Whole).Select(f => $"{f.Key}: {TimeText(f.Value.Total!.Value)} {TimeText(f.Value.Self!.Value)} {f.Value.Calls}"),
            ReportLine().Matches(report).Select(m => $"{m.Groups[4].Value.Trim()}: {m.Groups[1].Value} {m.Groups[2].Value} {m.Groups[3].Value}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    public void Its_replay_is_ours_line_by_line(int tid)
    {
        string[] theirs = Lines(Uftrace(ExportSample.Whole, "replay", "--no-pager", "-f", "none", "--tid", $"{tid}"));
        Assert.True(theirs.Length > 2000);
        Assert.Equal(Replay(ExportSample.Whole, tid), theirs);
    }

    [Fact]
    public void Its_graph_has_our_calls_and_times()
    {
        string graph = Uftrace(s_layers, "graph", "--no-pager", "main");
        using TraceReader reader = TraceReader.Open(s_layers, "t");
        CallGraph ours = CallGraph.Build(reader, [new FunctionId(0)], 100);
        List<string> expected = [];
        void Add(GraphNode node)
        {
            expected.Add($"{TimeText(reader.Catalog.Clock.ToNs(node.Ticks))} {node.Calls} {(node.Depth == 0 ? "main" : reader.Catalog.NameOf(node.Function))}");
            foreach (GraphNode child in node.Children)
                Add(child);
        }

        Add(ours.Callees);
        Assert.Equal(7, expected.Count);
        Assert.Equal(expected.Order(), GraphLine().Matches(graph).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value} {m.Groups[3].Value}").Order());
    }

    [Fact]
    public void What_is_not_whole_is_read_and_losses_are_shown()
    {
        string report = Uftrace(ExportSample.Odd, "report", "--no-pager");
        Assert.Equal(
            ExportSample.Report(ExportSample.Odd).Select(f => $"{f.Key}: {f.Value.Calls}"),
            ReportLine().Matches(report).Select(m => $"{m.Groups[4].Value.Trim()}: {m.Groups[3].Value}").Order(StringComparer.Ordinal));
        Assert.Contains("LOST 6 records", Uftrace(ExportSample.Odd, "replay", "--no-pager"), StringComparison.Ordinal);
        Assert.DoesNotContain("broken", Uftrace(ExportSample.Odd, "dump", "--no-pager"), StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_that_are_too_deep_for_it_are_left_out_and_counted()
    {
        const int depth = 1500, room = UftraceWriter.MaxDepth + 1;
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            .. Enumerable.Range(0, depth).Select(i => Entry((ulong)(10 + i), "f", (uint)(900_000 - (16 * i)))),
            .. Enumerable.Range(0, depth).Reverse().Select(i => Exit((ulong)(10 + (2 * depth) - i), "f", (uint)(900_000 - (16 * i)))),
        ]));
        using var folder = new UftraceFolder(file);
        Assert.Equal((depth, depth - room), (folder.Totals.Calls, folder.Totals.LeftOut));
        Match line = Assert.Single(ReportLine().Matches(Tool.Run("uftrace", "report", "--no-pager", "-d", folder.Path)));
        Assert.Equal($"{room}", line.Groups[3].Value);
    }

    [Fact]
    public void Modules_of_one_name_keep_their_functions_apart()
    {
        byte[] file = Write(w =>
        {
            w.WriteModules([new ModuleRecord(8, "/opt/prog", "", 0, default, default), new ModuleRecord(9, "[a b]", "", 0, default, default)]);
            w.WriteFunctions([Functions[1] with { Module = 8, Name = "other name(int, char)" }, Functions[2] with { Module = 9 }]);
            w.WriteEvents(new Tid(1), [Entry(10, "main", 960), Entry(20, "f", 640), Exit(30, "f", 640), Entry(40, "g", 640), Exit(50, "g", 640), Exit(60, "main", 960)]);
        });
        Assert.Equal(["main() {", "  other name(int, char);", "  g();", "} /* main */"], Lines(Uftrace(file, "replay", "--no-pager", "-f", "none")));
    }

    static string Uftrace(byte[] file, string command, params string[] arguments)
    {
        using var folder = new UftraceFolder(file);
        return Tool.Run("uftrace", [command, "-d", folder.Path, .. arguments]);
    }

    static string[] Lines(string text) => [.. text.Split('\n').Where(line => line.Length > 0)];

    static string[] Replay(byte[] file, int tid)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new StringWriter { NewLine = "\n" };
        ReplayWriter.Write(reader, output, new HashSet<Tid> { new(tid) });
        return [.. Lines(output.ToString())[3..].Select(line => line[(line.IndexOf('|', StringComparison.Ordinal) + 3)..])];
    }

    // As uftrace prints them: three digits behind the point, the rest cut off.
    static string TimeText(long ns) => ns switch
    {
        < 1_000_000 => $"{ns / 1000}.{ns % 1000:000} us",
        < 1_000_000_000 => $"{ns / 1_000_000}.{ns / 1000 % 1000:000} ms",
        _ => $"{ns / 1_000_000_000}.{ns / 1_000_000 % 1000:000} s",
    };

    [GeneratedRegex(@"^ *([\d.]+ [um]?s) +([\d.]+ [um]?s) +(\d+)  (.+)$", RegexOptions.Multiline)]
    private static partial Regex ReportLine();

    [GeneratedRegex(@"^ *([\d.]+ [um]?s) : .*?\((\d+)\) (.+)$", RegexOptions.Multiline)]
    private static partial Regex GraphLine();
}
