using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace;

public sealed class ReplayTests
{
    [Fact]
    public void Calls_print_as_a_function_graph_with_threads_interleaved_by_time()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(11),
            [
                Entry(1000, "main", 960), Entry(1200, "f", 640), Entry(1300, "a::b(int)", 320), Exit(2434, "a::b(int)", 320), Exit(25_000, "f", 640),
                Entry(30_000, "g", 640), Entry(30_001, "leaky", 320), Entry(40_000, "h", 640), Exit(200_040_000, "h", 640), Exit(1_300_000_000, "main", 960),
            ]);
            w.WriteEvents(new Tid(7), [Entry(1250, "h", 96), Entry(27_000, "f", 48), Exit(127_001, "f", 48)]);
        });
        string expected =
            """
            # prog --x (pid 42)
            #    TID       DURATION     FUNCTION CALLS
            #     |         |   |       |   |   |   |
                  11                  |  main() {
                  11                  |    f() {
                  11         1.134 us |      a::b(int);
                  11 +      23.800 us |    } /* f */
                   7                  |  h() {
                  11                  |    g() {
                  11             -    |      leaky();
                  11        10.000 us |    } /* g */ /* unwound */
                   7 !     100.001 us |    f();
                  11 @  200000.000 us |    h();
                  11 $ 1299999.000 us |  } /* main */
                   7             -    |  } /* h */

            """;
        Assert.Equal(expected, Replay(file));
    }

    [Fact]
    public void One_thread_can_be_picked()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(1), [Entry(10, "f", 64), Exit(20, "f", 64)]);
            w.WriteEvents(new Tid(2), [Entry(12, "g", 64), Exit(15, "g", 64)]);
        });
        Assert.Equal("       2         0.003 us |  g();\n", string.Join('\n', Replay(file, new Tid(2)).Split('\n')[3..]));
    }

    [Fact]
    public void A_call_left_open_on_another_stack_is_not_taken_for_the_newest_leaf()
    {
        byte[] file = Write(w => w.WriteEvents(new Tid(1), [Entry(10, "f", 64), Entry(20, "f", 0x4000_0000), Exit(30, "f", 64), Exit(40, "f", 0x4000_0000)]));
        Assert.Equal(
            ["       1                  |  f() {", "       1                  |  f() {", "       1         0.020 us |  } /* f */", "       1         0.020 us |  } /* f */"],
            Replay(file).TrimEnd('\n').Split('\n')[3..]);
    }

    [Fact]
    public void Lines_stay_in_order_while_events_of_a_thread_are_held()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(1), [Entry(10, "main", 960), Entry(20, "f", 320), Entry(40, "g", 640), Exit(60, "g", 640), Exit(80, "main", 960)]);
            w.WriteEvents(new Tid(2), [Entry(30, "h", 96), Exit(50, "h", 96), Entry(70, "f", 96), Exit(90, "f", 96)]);
        });
        Assert.Equal(
            ["1 main() {", "1 f(); /* unwound */", "2 h();", "1 g();", "1 } /* main */", "2 f();"],
            Replay(file).TrimEnd('\n').Split('\n')[3..].Select(line => $"{line[..8].Trim()} {line[(line.IndexOf('|', StringComparison.Ordinal) + 1)..].Trim()}"));
    }

    [Fact]
    public void A_part_by_function_depth_and_time_can_be_picked()
    {
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            Entry(10, "main", 960), Entry(20, "f", 640), Entry(30, "g", 320), Entry(35, "h", 160), Exit(38, "h", 160), Exit(40, "g", 320), Exit(50, "f", 640),
            Entry(60, "h", 640), Exit(70, "h", 640), Exit(80, "main", 960),
        ]));
        Assert.Equal(["f() {", "g();", "} /* f */"], Calls(Replay(file, scope: new CallScope([new FunctionId(1)], 2))));
        Assert.Equal(["h();"], Calls(Replay(file, window: new TimeWindow(new TscTime(60), new TscTime(79)))));
        Assert.Equal(["g();"], Calls(Replay(file, window: new TimeWindow(new TscTime(25), new TscTime(60)), scope: new CallScope([new FunctionId(2)], 1))));
    }

    static IEnumerable<string> Calls(string replay) =>
        replay.TrimEnd('\n').Split('\n')[3..].Select(line => line[(line.IndexOf('|', StringComparison.Ordinal) + 1)..].Trim());

    static string Replay(byte[] file, Tid? only = null, TimeWindow? window = null, CallScope? scope = null)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new StringWriter { NewLine = "\n" };
        ReplayWriter.Write(reader, output, only is { } thread ? new HashSet<Tid> { thread } : null, window, scope);
        return output.ToString();
    }
}
