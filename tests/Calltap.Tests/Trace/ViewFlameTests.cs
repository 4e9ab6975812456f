using Calltap.Trace;
using CsCheck;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

/// <summary>Flame graphs and details say what the report and the call graph say of the same trace.</summary>
public sealed class ViewFlameTests
{
    const uint Top = 0x7fff_0000;

    static readonly TraceEvent[] s_events =
    [
        Entry(0, "main", Top),
        Entry(10, "f", Top - 16), Entry(12, "g", Top - 32), Exit(15, "g", Top - 32), Entry(16, "g", Top - 32), Exit(20, "g", Top - 32), Exit(30, "f", Top - 16),
        Entry(40, "h", Top - 16), Entry(45, "f", Top - 32), Exit(50, "f", Top - 32), Exit(60, "h", Top - 16),
        Exit(100, "main", Top),
    ];

    [Fact]
    public void A_graph_of_total_time_has_what_each_function_calls()
    {
        Assert.Equal("all 100/0 [main 100/60 [f 20/13 [g 7/7] h 20/15 [f 5/5]]]", Text(View(s_events).Flame(null, All(FlameMetric.Total))));
        Assert.Equal("f 20/13 [g 7/7]", Text(View(s_events).Flame(null, All(FlameMetric.Total, "main", "f"))));
        Assert.Empty(View(s_events).Flame(null, All(FlameMetric.Total, "g")).Boxes);
    }

    [Fact]
    public void A_graph_of_self_time_has_who_calls_each_function()
    {
        FlameGraph graph = View(s_events).Flame(null, All(FlameMetric.Self));
        Assert.Equal("all 100/0 [main 60/60 f 18/0 [main 13/13 h 5/0 [main 5/5]] h 15/0 [main 15/15] g 7/0 [f 7/0 [main 7/7]]]", Text(graph));
        Assert.Equal("h 5/0 [main 5/5]", Text(View(s_events).Flame(null, All(FlameMetric.Self, "f", "h"))));
    }

    [Fact]
    public void A_graph_of_calls_needs_no_times()
    {
        TraceEvent[] entries = [Entry(0, "leaky", Top), Entry(5, "leaky", Top - 16), Entry(9, "leaky", Top - 16)];
        Assert.Equal("all 3/0 [leaky 3/1 [leaky 2/2]]", Text(View(entries).Flame(null, All(FlameMetric.Calls))));
        Assert.Equal(0ul, View(entries).Flame(null, All(FlameMetric.Total)).Boxes[0].Width);
    }

    [Fact]
    public void A_call_without_an_end_is_as_wide_as_what_it_called_and_says_so()
    {
        FlameGraph graph = View([Entry(0, "main", Top), Entry(10, "f", Top - 16), Exit(30, "f", Top - 16), Entry(40, "g", Top - 16)]).Flame(null, All(FlameMetric.Total));
        Assert.Equal("all 20/0 [main 20/0 [f 20/20 g 0/0]]", Text(graph));
        Assert.Equal([0L, 1, 0, 1], graph.Boxes.Select(box => box.Unknown));
    }

    [Fact]
    public void Widths_add_up_to_the_report()
    {
        Gen.Int[0, 1 << 30].Sample(
            seed =>
            {
                byte[] file = RandomFile(seed);
                using TraceReader first = TraceReader.Open(file, "t"), second = TraceReader.Open(file, "t");
                TraceReport report = ReportBuilder.Build(first);
                TraceView view = ViewBuilder.Build(second);
                Assert.Equal(report.Functions.OrderBy(f => f.Name), view.Functions.Select(f => f.Report).OrderBy(f => f.Name));
                IReadOnlyList<FlameBox> boxes = view.Flame(null, All(FlameMetric.Total)).Boxes, callers = view.Flame(null, All(FlameMetric.Self)).Boxes;
                foreach (ViewFunction function in view.Functions)
                {
                    Assert.Equal(function.Report.TotalNs, (long)Outermost(boxes, function.Id).Aggregate(0ul, (sum, box) => sum + box.Width));
                    FlameBox[] own = [.. boxes.Where(box => box.Function == function.Id)];
                    Assert.Equal((function.Report.SelfNs, function.Report.Calls), ((long)own.Aggregate(0ul, (sum, box) => sum + box.Self), own.Sum(box => box.Calls)));
                    Assert.Equal(function.Report.SelfNs, (long)callers.Single(box => box.Depth == 1 && box.Function == function.Id).Width);
                }

                Assert.Equal(boxes[0].Width, view.Lanes.Aggregate(0ul, (sum, lane) => sum + view.Flame(lane, All(FlameMetric.Total)).Boxes[0].Width));
            },
            iter: 20);
    }

    [Fact]
    public void Found_is_what_lies_in_the_functions_searched_once()
    {
        ulong Found(FlameMetric metric, params string[] names) => View(s_events).Flame(null, All(metric) with { Searched = names.Select(Id).ToHashSet() }).Found;
        Assert.Equal(25ul, Found(FlameMetric.Total, "f"));
        Assert.Equal(40ul, Found(FlameMetric.Total, "f", "g", "h"));
        Assert.Equal(33ul, Found(FlameMetric.Self, "f", "h"));
        Assert.Equal(0ul, Found(FlameMetric.Total, "leaky"));
    }

    [Fact]
    public void Narrow_boxes_are_one_and_there_are_no_more_than_wanted()
    {
        FlameGraph graph = View(s_events).Flame(null, All(FlameMetric.Total) with { Least = 0.06 });
        Assert.Equal("all 100/0 [main 100/60 [f 20/13 [g 7/7] h 20/15]]", Text(graph));
        List<TraceEvent> many = [Entry(0, "main", Top)];
        for (ulong i = 0; i < 30; i++)
            many.AddRange([Entry(1 + (i * 10), "fgh"[(int)(i % 3)..][..1], Top - 16), Exit(8 + (i * 10), "fgh"[(int)(i % 3)..][..1], Top - 16)]);
        many.Add(Exit(301, "main", Top));
        FlameGraph narrow = View([.. many]).Flame(null, All(FlameMetric.Total) with { Least = 0.3 });
        Assert.Equal("all 301/0 [main 301/91]", Text(narrow)); // together less than 0.3 each, 210 in one box
        Assert.True(View(s_events).Flame(null, All(FlameMetric.Total) with { Most = 2 }).Boxes.Count <= 2);
    }

    [Fact]
    public void However_many_ways_there_are_the_graph_stays_bounded_and_no_time_is_gained()
    {
        const int Callees = 4, Levels = 10; // 1.4 million ways, more than there may be
        List<TraceEvent> events = [];
        void Call(int depth)
        {
            for (int i = 0; i < Callees && depth < Levels; i++)
            {
                events.Add(Entry((ulong)events.Count, Functions[i].Name, Top - (uint)(16 * depth)));
                Call(depth + 1);
                events.Add(Exit((ulong)events.Count, Functions[i].Name, Top - (uint)(16 * depth)));
            }
        }

        Call(0);
        TraceView view = View([.. events]);
        FlameGraph graph = view.Flame(null, new FlameChoice(FlameMetric.Total, [], 0.0001, 4000, null));
        Assert.True(graph.Boxes.Count <= 4000);
        Assert.True(events.Count / 2 > 1 << 20);
        Assert.Equal((ulong)(events.Count - Callees), graph.Boxes[0].Width); // a call with n events takes n - 1 ticks
        Assert.All(graph.Boxes, box => Assert.True(box.Self <= box.Width));
    }

    [Fact]
    public void A_function_has_the_callers_and_callees_of_the_call_graph()
    {
        byte[] file = Write(writer => writer.WriteEvents(new Tid(1), s_events));
        using TraceReader reader = TraceReader.Open(file, "t"), again = TraceReader.Open(file, "t");
        TraceView view = ViewBuilder.Build(reader);
        FunctionDetails details = view.Describe(Id("f"));
        CallGraph graph = CallGraph.Build(again, [Id("f")], 1);
        Assert.Equal(graph.Callers.Children.Select(node => ((FunctionId?)node.Function, node.Calls, node.Ticks)), details.Callers.Select(link => (link.Function, link.Calls, link.Ticks)));
        Assert.Equal(graph.Callees.Children.Select(node => ((FunctionId?)node.Function, node.Calls, node.Ticks)), details.Callees.Select(link => (link.Function, link.Calls, link.Ticks)));
        Assert.Equal([(20ul, 10ul), (5ul, 45ul)], details.LongestCalls.Select(place => (place.Ticks, place.Start)));
        Assert.Equal([new HistogramBar(5, 10, 1), new HistogramBar(10, 20, 0), new HistogramBar(20, 50, 1)], view.Durations(Id("f")));
        Assert.Null(view.Describe(Id("main")).Callers.Single().Function);
    }

    [Fact]
    public void A_call_has_its_callers_and_what_it_called_itself()
    {
        TraceView view = View(s_events);
        CallDetails details = TraceView.Describe(view.Lanes.Single(), 1)!; // the first call of f
        Assert.Equal((Id("f"), 10ul, 20ul, 13ul), (details.Call.Function, details.Call.Start, details.Call.Ticks, details.SelfTicks!.Value));
        Assert.Equal([Id("main")], details.Callers.Select(caller => caller.Function));
        Assert.Equal([new CallLink(Id("g"), 2, 7, 0)], details.Callees);
    }

    static IEnumerable<FlameBox> Outermost(IReadOnlyList<FlameBox> boxes, FunctionId function)
    {
        int within = int.MaxValue;
        foreach (FlameBox box in boxes)
        {
            if (box.Depth <= within)
                within = int.MaxValue;
            if (box.Function != function || within != int.MaxValue)
                continue;
            within = box.Depth;
            yield return box;
        }
    }

    static string Text(FlameGraph graph)
    {
        int at = 0;
        string Box()
        {
            FlameBox box = graph.Boxes[at++];
            List<string> children = [];
            while (at < graph.Boxes.Count && graph.Boxes[at].Depth > box.Depth)
            {
                if (graph.Boxes[at].Function is null)
                    at++;
                else
                    children.Add(Box());
            }

            string name = box.Function is { } id ? Functions[id.Value].DisplayName : "all";
            return $"{name} {box.Width}/{box.Self}{(children.Count > 0 ? $" [{string.Join(' ', children)}]" : "")}";
        }

        return Box();
    }

    static FlameChoice All(FlameMetric metric, params string[] path) => new(metric, [.. path.Select(Id)], 0, int.MaxValue, null);

    static FunctionId Id(string name) => Functions.Single(f => f.DisplayName == name).Id;

    static byte[] RandomFile(int seed) => Write(writer =>
    {
        for (int thread = 1; thread <= 3; thread++)
        {
            var program = new RandomProgram(seed + thread);
            program.Run(1_000);
            writer.WriteEvents(new Tid(thread), [.. program.Events]);
        }
    });

    static TraceView View(TraceEvent[] events)
    {
        using TraceReader reader = TraceReader.Open(Write(writer => writer.WriteEvents(new Tid(1), events)), "t");
        return ViewBuilder.Build(reader);
    }
}
