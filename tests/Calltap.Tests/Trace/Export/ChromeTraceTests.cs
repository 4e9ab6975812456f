using System.Text;
using System.Text.Json;
using Calltap.Tests.Symbols;
using Calltap.Trace;
using Xunit;

namespace Calltap.Tests.Trace.Export;

public sealed class ChromeTraceTests
{
    // Python's parser; times as decimals, so that none is rounded.
    const string Sums =
        """
        import json, sys
        from decimal import Decimal
        events = json.load(open(sys.argv[1], encoding='utf-8'), parse_float=Decimal, parse_constant=lambda name: sys.exit(name))['traceEvents']
        tracks, sums = {}, {}
        for e in events:
            if e['ph'] not in 'BE':
                continue
            stack = tracks.setdefault((e['pid'], e['tid']), [Decimal(0)])
            ns = e['ts'] * 1000
            assert ns == int(ns) and ns >= stack[0], e
            stack[0] = ns
            if e['ph'] == 'B':
                stack.append([e['name'], ns, 0])
                continue
            name, start, children = stack.pop()
            if len(stack) > 1:
                stack[-1][2] += ns - start
            of = sums.setdefault(name, [0, 0, 0])
            of[0] += 1
            of[1] += 0 if any(open[0] == name for open in stack[1:]) else ns - start
            of[2] += ns - start - children
        assert all(len(stack) == 1 for stack in tracks.values())
        for name, of in sums.items():
            print(name, *map(int, of), sep='\t')
        """;

    [Fact]
    public void Another_parser_finds_the_calls_and_times_of_our_report()
    {
        (byte[] json, ExportTotals totals) = ExportSample.Export(ExportSample.Whole, ChromeTraceWriter.Write);
        var found = ExportSample.Parse(ExportSample.WithFile(json, path => Tool.Run("python3", "-c", Sums, path)));
        Assert.Equal(ExportSample.Report(ExportSample.Whole), found);
        Assert.Equal((3, totals.Calls, 0L, 0L, 0L), (totals.Tracks, found.Values.Sum(f => f.Calls), totals.UnknownEnds, totals.OrphanExits, totals.Lost));
    }

    [Fact]
    public void What_is_not_whole_is_balanced_and_marked()
    {
        (byte[] json, _) = ExportSample.Export(ExportSample.Odd, ChromeTraceWriter.Write);
        var found = ExportSample.Parse(ExportSample.WithFile(json, path => Tool.Run("python3", "-c", Sums, path)));
        Assert.Equal(ExportSample.Report(ExportSample.Odd).Select(f => (f.Key, f.Value.Calls)), found.Select(f => (f.Key, f.Value.Calls)));
        JsonElement[] events = [.. JsonDocument.Parse(json).RootElement.GetProperty("traceEvents").EnumerateArray()];
        Assert.Equal(["unwound", "unwound", "unknown", "unknown", "unknown"], events.Where(e => Phase(e) == "E" && e.TryGetProperty("args", out _)).Select(e => e.GetProperty("args").GetProperty("end").GetString()));
        JsonElement lost = Assert.Single(events, e => Phase(e) == "i" && e.GetProperty("name").GetString() == "events lost");
        Assert.Equal("""{"entries":3,"exits":2,"holes":1}""", lost.GetProperty("args").GetRawText());
        Assert.Equal(1, Assert.Single(events, e => Phase(e) == "i" && e.GetProperty("args").TryGetProperty("exits", out _) && e.GetProperty("name").GetString()!.StartsWith("exits", StringComparison.Ordinal)).GetProperty("args").GetProperty("exits").GetInt32());
        Assert.Equal(["prog --x", "odd", "odd (stack 2)", "thread 12"], events.Where(e => Phase(e) == "M").Select(e => e.GetProperty("args").GetProperty("name").GetString()));
    }

    [Fact]
    public void An_unbalanced_file_would_be_found()
    {
        (byte[] json, _) = ExportSample.Export(ExportSample.Odd, ChromeTraceWriter.Write);
        string broken = Encoding.UTF8.GetString(json);
        int end = broken.IndexOf("""{"ph":"E""", StringComparison.Ordinal);
        broken = broken.Remove(end, broken.IndexOf("},{", end, StringComparison.Ordinal) + 2 - end);
        Assert.ThrowsAny<Exception>(() => ExportSample.WithFile(Encoding.UTF8.GetBytes(broken), path => Tool.Run("python3", "-c", Sums, path)));
    }

    static string Phase(JsonElement e) => e.GetProperty("ph").GetString()!;
}
