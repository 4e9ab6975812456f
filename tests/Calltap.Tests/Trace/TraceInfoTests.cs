using System.Text.Json;
using Calltap.Trace;
using static Calltap.Tests.Trace.TraceSample;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>What a file says of itself, without its events being read.</summary>
public sealed class TraceInfoTests
{
    const uint Top = 0x7fff_0000;

    static readonly Tid s_one = new(43), s_other = new(TaskRecord.FirstMade);

    [Fact]
    public void A_file_tells_its_threads_processes_losses_and_clock()
    {
        TraceInfo info = Read(Sample());
        Assert.True(info.IsComplete);
        Assert.Equal((3, 6, Functions.Length), (info.Events, info.Lost, info.Functions));
        Assert.Equal([(43, 42, "main", 2, 0, 0, 0), (43, 99, "child", 1, 1, 2, 3)], info.Threads.Select(t => (t.Tid.Value, t.Pid.Value, t.Name, (int)t.Events, (int)t.LostEntries, (int)t.LostExits, (int)t.Holes)));
        Assert.Equal([(42, 0), (99, 1)], info.Processes.Select(p => (p.Pid.Value, p.Parent)));
        Assert.Equal(("/usr/bin/prog", Functions.Length), (info.Modules.Single().Module.Path, info.Modules.Single().Functions));
        Assert.Equal(2e9, info.MeasuredTscHz);
        Assert.Equal(45, info.DurationNs); // ticks 10 to 100
    }

    [Fact]
    public void The_layout_accounts_for_the_whole_file()
    {
        byte[] file = Sample();
        TraceInfo info = Read(file);
        Assert.Equal(2, info.Layout.Single(part => part.Type == ChunkType.Events).Chunks);
        // The end, with the index of all others, is not in itself.
        Assert.InRange(file.Length - info.Layout.Sum(part => part.Size.Value), 1, 400);
    }

    [Fact]
    public void A_file_without_its_end_tells_what_it_has()
    {
        byte[] file = Write(writer => writer.WriteEvents(s_one, [Entry(10, "main", Top)]), finish: false);
        TraceInfo info = Read(file);
        Assert.False(info.IsComplete);
        Assert.Equal((1, 42), (info.Events, info.Threads.Single().Pid.Value));
        Assert.Null(info.MeasuredTscHz);
    }

    [Fact]
    public void Json_says_the_same()
    {
        using var output = new MemoryStream();
        InfoJson.Write(Read(Sample()), output);
        JsonElement json = JsonDocument.Parse(output.ToArray()).RootElement;
        Assert.Equal((3, 6, 2), (json.GetProperty("events").GetInt32(), json.GetProperty("lost").GetInt32(), json.GetProperty("threads").GetArrayLength()));
        Assert.Equal("Events", json.GetProperty("layout").EnumerateArray().Single(part => part.GetProperty("chunks").GetInt32() == 2 && part.GetProperty("type").GetString() == "Events").GetProperty("type").GetString());
    }

    static TraceInfo Read(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "test");
        return TraceInfo.Of(reader);
    }

    static byte[] Sample() => Write(writer =>
    {
        writer.WriteClock(new ClockRecord(new TscTime(0), new MonotonicNs(0)));
        writer.WriteClock(new ClockRecord(new TscTime(2000), new MonotonicNs(1000)));
        writer.WriteProcesses([new ProcessRecord(1, new Pid(42), 0, new TscTime(0), "prog", "prog --x"), new ProcessRecord(2, new Pid(99), 1, new TscTime(50), "child", "child")]);
        writer.WriteTasks([new TaskRecord(s_one, s_one, 1), new TaskRecord(s_other, s_one, 2)]);
        writer.WriteThreads([new ThreadRecord(s_one, "main"), new ThreadRecord(s_other, "child")]);
        writer.WriteEvents(s_one, [Entry(10, "main", Top), Exit(20, "main", Top)]);
        writer.WriteEvents(s_other, [Entry(100, "f", Top)]);
        writer.WriteLost(new LostRecord(s_other, new TscTime(110), 1, 2, 3));
    });
}
