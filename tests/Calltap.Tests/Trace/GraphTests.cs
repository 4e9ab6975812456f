using Calltap.Trace;
using static Calltap.Tests.Trace.TraceSample;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>Callers and callees of a function, each way with its calls and times.</summary>
public sealed class GraphTests
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
    public void Callers_are_ways_up_and_callees_ways_down()
    {
        CallGraph graph = Build("f", 5, s_events);
        Assert.Equal("f 2/25 [main 1/20, h 1/5 [main 1/5]]", Text(graph.Callers, "f"));
        Assert.Equal("f 2/25 [g 2/7]", Text(graph.Callees, "f"));
        Assert.Equal((25ul - 7, 7ul), (graph.Callees.SelfTicks, graph.Callees.Children.Single().SelfTicks));
    }

    [Fact]
    public void A_call_within_its_own_is_a_callee_and_its_time_counts_once()
    {
        CallGraph graph = Build("f", 5, [Entry(0, "f", Top), Entry(10, "f", Top - 16), Entry(11, "g", Top - 32), Exit(14, "g", Top - 32), Exit(20, "f", Top - 16), Exit(40, "f", Top)]);
        Assert.Equal("f 1/40", Text(graph.Callers, "f"));
        Assert.Equal("f 1/40 [f 1/10 [g 1/3]]", Text(graph.Callees, "f"));
    }

    [Fact]
    public void So_many_steps_are_shown()
    {
        Assert.Equal("f 2/25 [main 1/20, h 1/5]", Text(Build("f", 1, s_events).Callers, "f"));
        Assert.Equal("main 1/100 [f 1/20, h 1/20]", Text(Build("main", 1, s_events).Callees, "main"));
    }

    [Fact]
    public void Threads_add_up()
    {
        byte[] file = Write(writer =>
        {
            writer.WriteEvents(new Tid(1), s_events);
            writer.WriteEvents(new Tid(2), s_events);
        });
        Assert.Equal("f 4/50 [main 2/40, h 2/10 [main 2/10]]", Text(Build("f", 5, file).Callers, "f"));
    }

    [Fact]
    public void However_many_calls_come_the_same_way_they_count()
    {
        const int Calls = 1_100_000; // more than there may be ways
        byte[] file = Write(writer =>
        {
            writer.WriteEvents(new Tid(1), [Entry(0, "f", Top)]);
            for (ulong i = 0; i < Calls; i += 10_000)
                writer.WriteEvents(new Tid(1), [.. Enumerable.Range(0, 10_000).SelectMany(n => (TraceEvent[])[Entry(1 + (2 * (i + (ulong)n)), "g", Top - 16), Exit(2 + (2 * (i + (ulong)n)), "g", Top - 16)])]);
            writer.WriteEvents(new Tid(1), [Exit((2 * Calls) + 10, "f", Top)]);
        });
        Assert.Equal($"f 1/{(2 * Calls) + 10} [g {Calls}/{Calls}]", Text(Build("f", 5, file).Callees, "f"));
        Assert.Equal($"g {Calls}/{Calls} [f {Calls}/{Calls}]", Text(Build("g", 5, file).Callers, "g"));
    }

    [Fact]
    public void A_call_whose_end_is_not_known_has_no_time()
    {
        CallGraph graph = Build("leaky", 5, [Entry(0, "main", Top), Entry(10, "leaky", Top - 16), Exit(40, "main", Top)]);
        Assert.Equal((1, 1, 0ul), (graph.Callees.Calls, graph.Callees.Unknown, graph.Callees.Ticks));
        Assert.Equal("leaky 1/0 [main 1/0]", Text(graph.Callers, "leaky"));
    }

    static CallGraph Build(string function, int depth, TraceEvent[] events) => Build(function, depth, Write(writer => writer.WriteEvents(new Tid(1), events)));

    static CallGraph Build(string function, int depth, byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "test");
        return CallGraph.Build(reader, [Functions.Single(f => f.DisplayName == function).Id], depth);
    }

    static string Text(GraphNode node, string name)
    {
        string children = string.Join(", ", node.Children.Select(child => Text(child, Functions[child.Function.Value].DisplayName)));
        return $"{name} {node.Calls}/{node.Ticks}" + (children.Length > 0 ? $" [{children}]" : "");
    }
}
