using Calltap.Trace;
using Xunit;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace.Export;

public sealed class TrackReaderTests
{
    [Fact]
    public void What_is_not_whole_is_balanced_and_told()
    {
        Assert.Equal(
            [
                "odd 11",
                "10 main {", "20 f {", "30 g {", "40 } Unwind", "40 } Unwind", "40 h {", "50 }",
                "60 leaky {", "70 g {", "80 }", "80 } Unknown", "100 h {", "110 }", "120 f {",
                "120 lost 3 2 1", "120 } Unknown", "200 }", "210 f {", "230 }", "250 main {", "300 } Unknown",
                "300 end: 10 calls, 3 unknown, 1 orphans, 4 lost",
                "odd (stack 2) 11", "220 g {", "240 }", "240 end: 1 calls, 0 unknown, 0 orphans, 0 lost",
                "thread 12 12", "5 h {", "300 }", "300 end: 1 calls, 0 unknown, 0 orphans, 0 lost",
            ],
            Read(ExportSample.Odd).Lines);
    }

    [Fact]
    public void A_call_that_is_open_at_the_end_is_drawn_as_long_as_its_exit_would_have_been_seen()
    {
        byte[] file = Write(w =>
        {
            w.WriteArming(new ArmingRecord(ArmingKind.Disarmed, new TscTime(150), new TscTime(160), 1, 0, [new FunctionId(1)]));
            w.WriteEvents(new Tid(1), [Entry(100, "main", 960), Entry(110, "f", 640), Entry(120, "leaky", 320)]);
            w.WriteEvents(new Tid(2), [Entry(200, "h", 96), Exit(210, "h", 96)]);
        });
        Assert.Equal(["0 main {", "10 f {", "20 leaky {", "20 } Unknown", "50 } Unknown", "110 } Unknown"], Read(file).Lines[1..7]);
    }

    [Fact]
    public void A_loss_is_a_loss_of_the_window_it_lies_in()
    {
        byte[] file = Write(w =>
        {
            w.WriteEvents(new Tid(1), [Entry(100, "f", 64), Exit(110, "f", 64)]);
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(120), 5, 5, 0));
            w.WriteEvents(new Tid(1), [Entry(200, "f", 64), Exit(210, "f", 64)]);
            w.WriteLost(new LostRecord(new Tid(1), new TscTime(220), 7, 6, 0));
            w.WriteLost(new LostRecord(new Tid(2), new TscTime(230), 2, 0, 0));
        });
        var part = new ExportPart { Window = new TimeWindow(new TscTime(190), new TscTime(300)) };
        Assert.Equal(
            ["thread 1 1", "100 f {", "110 }", "110 lost 2 1 0", "110 end: 1 calls, 0 unknown, 0 orphans, 2 lost", "thread 2 2", "130 lost 2 0 0", "0 end: 0 calls, 0 unknown, 0 orphans, 2 lost"],
            Read(file, part).Lines);
    }

    [Fact]
    public void Threads_and_functions_can_be_picked()
    {
        Assert.Equal(["thread 12 12", "5 h {", "300 }"], Read(ExportSample.Odd, new ExportPart { Threads = new HashSet<Tid> { new(12) } }).Lines[..3]);
        Assert.Equal(
            ["odd 11", "40 h {", "50 }", "100 h {", "110 }"],
            Read(ExportSample.Odd, new ExportPart { Threads = new HashSet<Tid> { new(11) }, Scope = new CallScope([new FunctionId(3)]) }).Lines[..5]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Calls_on_several_stacks_are_all_there_and_balanced(int alt)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var program = new SignalProgram(seed, (AltStack)alt);
            program.Run(2000);
            byte[] file = Write(w => w.WriteEvents(new Tid(1), [.. program.Events]));
            Assert.Equal(program.Calls.Count, Read(file).Calls);
        }
    }

    [Fact]
    public void Events_of_any_kind_are_balanced()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            TraceEvent Any() => new(new TscTime((ulong)random.Next(1, 100_000)), new SiteId((uint)random.Next(1, 19)), (uint)random.Next(4) << random.Next(31));
            byte[] file = Write(w =>
            {
                w.WriteEvents(new Tid(1), [.. Enumerable.Range(0, 500).Select(_ => Any())]);
                w.WriteLost(new LostRecord(new Tid(1), new TscTime(7), 1, 0, 0));
                w.WriteEvents(new Tid(1), [.. Enumerable.Range(0, 500).Select(_ => Any())]);
            });
            Assert.Equal(ExportSample.Report(file).Values.Sum(f => f.Calls), Read(file).Calls);
        }
    }

    static TrackLog Read(byte[] file, ExportPart? part = null)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        var log = new TrackLog();
        TrackReader.Read(reader, part ?? new ExportPart(), log);
        return log;
    }
}
