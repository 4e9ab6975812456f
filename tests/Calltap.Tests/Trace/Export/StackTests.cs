using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace.Export;

/// <summary>Folded stacks and flame graphs.</summary>
public sealed class StackTests
{
    [Fact]
    public void The_weights_of_folded_stacks_are_the_self_times_and_calls_of_our_report()
    {
        var report = ExportSample.Report(ExportSample.Whole);
        Assert.Equal(report.Select(f => (f.Key, f.Value.Self!.Value)), ByFunction(Folded(ExportSample.Whole, StackWeight.Self)));
        Assert.Equal(report.Select(f => (f.Key, f.Value.Calls)), ByFunction(Folded(ExportSample.Whole, StackWeight.Calls)));
    }

    // A clock of which no stack's time is a whole number: rounding each by itself would miss the sum.
    [Fact]
    public void Weights_add_up_to_the_report_also_where_they_are_rounded()
    {
        byte[] file = Write(w =>
        {
            w.WriteSession(new SessionRecord { TscHz = 2_900_000_000 });
            var program = new RandomProgram(5);
            program.Run(20_000);
            w.WriteEvents(new Tid(1), [.. program.Events]);
        });
        string folded = Folded(file, StackWeight.Self);
        Assert.True(folded.Split('\n').Length > 1000);
        Assert.Equal(ExportSample.Report(file).Select(f => (f.Key, f.Value.Self!.Value)), ByFunction(folded));
    }

    [Fact]
    public void Stacks_are_written_from_the_outermost_call()
    {
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            Entry(10, "main", 960), Entry(20, "f", 640), Entry(30, "a::b(int)", 320), Exit(35, "a::b(int)", 320), Exit(50, "f", 640), Entry(60, "f", 640), Exit(61, "f", 640), Exit(80, "main", 960),
            Entry(90, "leaky", 960), Entry(95, "h", 640), Exit(99, "h", 640),
        ]));
        Assert.Equal("main 39\nmain;f 26\nmain;f;a::b(int) 5\nleaky;h 4\n", Folded(file, StackWeight.Self));
        Assert.Equal("main 1\nmain;f 2\nmain;f;a::b(int) 1\nleaky 1\nleaky;h 1\n", Folded(file, StackWeight.Calls));
    }

    [Fact]
    public void Recursion_deeper_than_the_bound_loses_no_call()
    {
        const int depth = 3 * StackTree.MaxDepth;
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            .. Enumerable.Range(0, depth).Select(i => Entry((ulong)(10 + i), i % 2 == 0 ? "f" : "g", (uint)(900_000 - (16 * i)))),
            .. Enumerable.Range(0, depth).Reverse().Select(i => Exit((ulong)(10 + (2 * depth) - i), i % 2 == 0 ? "f" : "g", (uint)(900_000 - (16 * i)))),
        ]));
        string folded = Folded(file, StackWeight.Self);
        Assert.Equal(ExportSample.Report(file).Select(f => (f.Key, f.Value.Self!.Value)), ByFunction(folded));
        Assert.Equal(StackTree.MaxDepth, folded.Split('\n').Max(line => line.Split(';').Length));
    }

    [Theory]
    [InlineData(StackWeight.Self)]
    [InlineData(StackWeight.Calls)]
    public void Rectangles_are_as_wide_as_what_they_stand_for(StackWeight weight)
    {
        XNamespace svg = "http://www.w3.org/2000/svg";
        XElement root = XDocument.Parse(FlameGraph(ExportSample.Whole, weight)).Root!;
        (double X, double Y, double Width, string Title)[] frames =
        [
            .. root.Elements(svg + "g").Select(g => (g.Element(svg + "rect")!, g.Element(svg + "title")!.Value))
                .Select(f => (Number(f.Item1, "x"), Number(f.Item1, "y"), Number(f.Item1, "width"), f.Value)),
        ];
        Dictionary<string, long> whole = WholeOf(Folded(ExportSample.Whole, weight));
        double all = whole.Where(f => !f.Key.Contains(';', StringComparison.Ordinal)).Sum(f => f.Value);
        Assert.Equal(1200, frames[0].Width);
        Assert.Equal(whole.Values.Where(n => 1200 * n / all >= 0.1).Order().Select(n => Math.Round(1200 * n / all, 3)), frames[1..].Select(f => Math.Round(f.Width, 3)).Order(), (a, b) => Math.Abs(a - b) < 0.002);
        // Each lies on the one of its caller.
        foreach ((double x, double y, double width, string title) in frames[1..])
            Assert.True(frames.Count(f => Math.Abs(f.Y - y - 17) < 0.01 && f.X <= x + 0.001 && f.X + f.Width >= x + width - 0.001) == 1, title);
        foreach (var row in frames.GroupBy(f => f.Y))
            Assert.All(row.OrderBy(f => f.X).Zip(row.OrderBy(f => f.X).Skip(1)), pair => Assert.True(pair.First.X + pair.First.Width <= pair.Second.X + 0.001));
    }

    [Fact]
    public void Names_of_any_kind_are_well_formed_xml()
    {
        byte[] file = Write(w =>
        {
            w.WriteFunctions([Functions[1] with { Name = "operator<<\"&\uFFFE]]>;x", Demangled = "" }]);
            w.WriteEvents(new Tid(1), [Entry(10, "f", 960), Exit(20, "f", 960)]);
        });
        Assert.Contains("operator<<\"&\uFFFD]]>;x: 10 ns, 100.00 %, 1 calls", XDocument.Parse(FlameGraph(file, StackWeight.Self)).Descendants().Select(e => e.Value));
        Assert.Equal("operator<<\"&\uFFFE]]>:x 10\n", Folded(file, StackWeight.Self));
    }

    [Fact]
    public void A_trace_without_calls_makes_an_empty_graph()
    {
        Assert.Contains("0 calls", FlameGraph(Write(_ => { }), StackWeight.Self), StringComparison.Ordinal);
        Assert.Equal("", Folded(Write(_ => { }), StackWeight.Self));
    }

    static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    static string Folded(byte[] file, StackWeight weight) => Export(file, weight, FoldedWriter.Write);

    static string FlameGraph(byte[] file, StackWeight weight) => Export(file, weight, FlameGraphWriter.Write);

    static string Export(byte[] file, StackWeight weight, Action<StackTree, TraceCatalog, StackWeight, Stream> write)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new MemoryStream();
        write(StackTree.Build(reader, new ExportPart()), reader.Catalog, weight, output);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    static IEnumerable<(string Stack, long Weight)> Lines(string folded) =>
        folded.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (line[..line.LastIndexOf(' ')], long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)));

    static IEnumerable<(string, long)> ByFunction(string folded) =>
        Lines(folded).GroupBy(line => line.Stack.Split(';')[^1]).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.Sum(line => line.Weight)));

    // What each stack weighs with all that begin with it.
    static Dictionary<string, long> WholeOf(string folded)
    {
        var whole = new Dictionary<string, long>();
        foreach ((string stack, long weight) in Lines(folded))
        {
            string[] names = stack.Split(';');
            for (int depth = 1; depth <= names.Length; depth++)
                whole[string.Join(';', names[..depth])] = whole.GetValueOrDefault(string.Join(';', names[..depth])) + weight;
        }

        return whole;
    }
}
