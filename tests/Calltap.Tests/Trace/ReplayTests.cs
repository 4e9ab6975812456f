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

    [Fact]
    public void Short_calls_are_left_out_with_what_they_called_and_long_ones_are_not()
    {
        byte[] file = Write(w => w.WriteEvents(new Tid(1),
        [
            Entry(1000, "main", 960), Entry(1010, "f", 640), Entry(1020, "g", 320), Exit(1030, "g", 320), Exit(1060, "f", 640),
            Entry(2000, "f", 640), Entry(2010, "g", 320), Exit(2020, "g", 320), Entry(2030, "h", 320), Exit(2230, "h", 320), Exit(2300, "f", 640),
            Entry(2400, "g", 640), Entry(2410, "h", 320), Exit(2420, "h", 320), Exit(2600, "g", 640), Entry(2700, "leaky", 640), Exit(3000, "main", 960),
            Entry(4000, "g", 960),
        ]));
        Assert.Equal(
            ["main() {", "f() {", "h();", "} /* f */", "g();", "leaky();", "} /* main */", "g();"],
            Calls(Replay(file, new ReplayOptions { MinTicks = 100 })));
        Assert.Equal(["main() {", "f() {", "} /* f */", "leaky();", "} /* main */", "g();"], Calls(Replay(file, new ReplayOptions { MinTicks = 290 })).Select(line => line.Replace("f();", "f() {", StringComparison.Ordinal)).SelectMany(line => line == "f() {" ? (string[])["f() {", "} /* f */"] : [line]));
    }

    [Fact]
    public void Flat_is_one_line_an_event_with_its_time()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(11), [Exit(1000, "h", 32), Entry(1500, "main", 960), Entry(1700, "f", 640), Entry(1900, "g", 640), Exit(2_000_002_500, "main", 960)]);
            w.WriteEvents(new Tid(7), [Entry(1800, "leaky", 96), Exit(1950, "f", 960)]);
        });
        string expected =
            """
            # prog --x (pid 42)
            #      SECONDS       TID  EVENT
                 0.000000000       11  leave h /* entered before */
                 0.000000500       11  enter main
                 0.000000700       11  enter f
                 0.000000800        7  enter leaky
                 0.000000900       11  unwound f         0.200 us
                 0.000000900       11  enter g
                 0.000000950        7  leave f /* entered before */
                 2.000001500       11  unwound g $ 2000000.600 us
                 2.000001500       11  leave main $ 2000001.000 us

            """;
        Assert.Equal(expected, Replay(file, new ReplayOptions { IsFlat = true }));
    }

    [Fact]
    public void Losses_and_exits_of_calls_that_began_earlier_are_shown_where_they_are()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(1), [Exit(10, "f", 64), Entry(20, "main", 960)]);
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(25), 3, 2, 0));
            w.WriteEvents(new Tid(1), [Exit(30, "main", 960)]);
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(35), 3, 3, 1));
        });
        Assert.Equal(
            ["} /* f */ /* entered before */", "main() {", "/* events lost: 3 entries, 2 exits, 0 unknown */", "} /* main */", "/* events lost: 0 entries, 1 exits, 1 unknown */"],
            Calls(Replay(file, new ReplayOptions())));
    }

    [Fact]
    public void A_clock_that_steps_back_gives_no_negative_time()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(1), [Entry(1_000_000, "main", 960), Entry(1_000_100, "f", 640), .. Leaves(1_000_200)]);
            w.Flush();
            w.WriteEvents(new Tid(1), [.. Leaves(10), Exit(2000, "f", 640), Exit(2001, "main", 960)]);
        });
        foreach (ReplayOptions options in (ReplayOptions[])[new(), new() { IsFlat = true }, new() { MinTicks = 5 }])
            Assert.DoesNotContain("-", Replay(file, options).Split('\n', 2)[1], StringComparison.Ordinal);
        Assert.Contains("0.000 us |  } /* main */", Replay(file, new ReplayOptions()), StringComparison.Ordinal);
    }

    // More than are put into the order of their times.
    static IEnumerable<TraceEvent> Leaves(ulong time) =>
        Enumerable.Range(0, 600).SelectMany(i => (TraceEvent[])[Entry(time + (ulong)(2 * i), "g", 320), Exit(time + (ulong)(2 * i) + 1, "g", 320)]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // by event
    public void Lines_are_the_same_whoever_writes_them(bool isFlat)
    {
        byte[] file = Write(w =>
        {
            for (int thread = 1; thread <= 3; thread++)
            {
                var program = new RandomProgram(thread);
                program.Run(40_000);
                w.WriteEvents(new Tid(thread), program.Events.ToArray());
            }
        });
        AssertSame(file, new ReplayOptions { IsFlat = isFlat });
    }

    // What a block of lines comes to is more than is kept of it.
    [Fact]
    public void Lines_may_be_long()
    {
        byte[] file = Write(w =>
        {
            w.WriteFunctions([Functions[0] with { Id = new FunctionId(6), Name = new string('n', 3000) }]);
            w.WriteSites([new SiteRecord(new SiteId(19), new FunctionId(6), SiteKind.Entry), new SiteRecord(new SiteId(20), new FunctionId(6), SiteKind.Exit)]);
            w.WriteEvents(new Tid(1), [.. Enumerable.Range(0, 6000).SelectMany(i => (TraceEvent[])
                [new(new TscTime((ulong)(10 * i)), new SiteId(19), 960), new(new TscTime((ulong)((10 * i) + 1 + (i % 7))), new SiteId(20), 960)])]);
        });
        AssertSame(file, new ReplayOptions());
    }

    static void AssertSame(byte[] file, ReplayOptions options)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new MemoryStream();
        ReplayWriter.Write(reader, output, options);
        Assert.True(output.Length > 3 << 20);
        Assert.True(Replay(file, options) == System.Text.Encoding.UTF8.GetString(output.ToArray()), "the lines differ");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(1 << 20)]
    public void What_the_output_throws_ends_the_replay(long room)
    {
        var program = new RandomProgram(5);
        program.Run(60_000);
        using TraceReader reader = TraceReader.Open(Write(w => w.WriteEvents(new Tid(1), program.Events.ToArray())), "t");
        using var full = new FullStream(room);
        Assert.Throws<IOException>(() => ReplayWriter.Write(reader, full, new ReplayOptions()));
    }

    sealed class FullStream(long room) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > room)
                throw new IOException("No space left on device");
            base.Write(buffer, offset, count);
        }
    }

    static string Replay(byte[] file, ReplayOptions options)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new StringWriter { NewLine = "\n" };
        ReplayWriter.Write(reader, output, options);
        return output.ToString();
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
