using System.Runtime.InteropServices;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// What the way of an event costs: ring, encoding, compression, checksum, file; and back: reading, call tree, report. Event shapes are
/// generated; times are processor time of this process, the best of three, so that other work on the machine disturbs less.
/// </summary>
static class EventsBenchmark
{
    const int RingBytes = RingLayout.DefaultDataBytes;

    /// <summary>Prints one line per shape.</summary>
    public static int Run(int events = 8_000_000)
    {
        Console.WriteLine("shape                 functions   drain to file     M/s    B/event   read      report");
        foreach (EventShape shape in EventShape.All)
        {
            TraceEvent[] all = shape.Generate(events);
            var best = (Drain: double.MaxValue, Read: double.MaxValue, Report: double.MaxValue);
            double bytes = 0;
            for (int i = 0; i < 3; i++)
            {
                (byte[] file, double drain, bytes) = Record(all, shape.Functions);
                using TraceReader reader = TraceReader.Open(file, shape.Name);
                double read = CpuTime(() => reader.Read(new Counter()));
                double report = CpuTime(() => ReportBuilder.Build(reader));
                best = (Math.Min(best.Drain, drain), Math.Min(best.Read, read), Math.Min(best.Report, report));
            }

            double ns = 1e9 / all.Length;
            Console.WriteLine($"{shape.Name,-20} {shape.Functions,10} {best.Drain * ns,12:F1} ns {all.Length / best.Drain / 1e6,8:F1} {bytes / all.Length,9:F2} {best.Read * ns,7:F1} ns {best.Report * ns,7:F1} ns");
        }

        return 0;
    }

    static (byte[] File, double Seconds, double EventBytes) Record(TraceEvent[] all, int functions)
    {
        using var file = new MemoryStream(256 << 20);
        using var writer = new TraceWriter(file);
        Describe(writer, functions);
        long described = file.Length;
        byte[] ring = new byte[RingBytes];
        var reader = new RingReader(new ByteSize(RingBytes));
        var batch = new TraceEvent[16_384];
        ulong head = 0;
        double seconds = 0;
        for (int at = 0; at < all.Length;)
        {
            int filled = Fill(ring, head, all.AsSpan(at));
            at += filled;
            head += (ulong)filled * RingLayout.SlotBytes;
            seconds += CpuTime(() => Drain(reader, ring, head, batch, writer));
        }

        seconds += CpuTime(writer.Flush);
        long written = file.Length - described;
        writer.Finish();
        return (file.ToArray(), seconds, written);
    }

    // Half a ring at a time, as a busy thread leaves it between two passes of the drain.
    static int Fill(byte[] ring, ulong head, ReadOnlySpan<TraceEvent> events)
    {
        int count = Math.Min(events.Length, RingBytes / RingLayout.SlotBytes / 2);
        Span<TraceEvent> slots = MemoryMarshal.Cast<byte, TraceEvent>(ring.AsSpan());
        for (int i = 0; i < count; i++)
            slots[((int)(head / RingLayout.SlotBytes) + i) & (slots.Length - 1)] = events[i];
        return count;
    }

    static void Drain(RingReader reader, byte[] ring, ulong head, TraceEvent[] batch, TraceWriter writer)
    {
        int taken;
        while ((taken = reader.Drain(ring, head, batch)) > 0)
            writer.WriteEvents(new Tid(1), batch.AsSpan(0, taken));
    }

    /// <summary>Writes functions and their sites as <see cref="EventShape"/> has them.</summary>
    public static void Describe(TraceWriter writer, int functions)
    {
        FunctionRecord Function(int id) =>
            new(new FunctionId(id), 1, new ImageAddress((ulong)id * 64), new ByteSize(64), $"function_{id}", "", FunctionFlags.AllExitsPatched);
        writer.WriteFunctions([.. Enumerable.Range(0, functions).Select(Function)]);
        writer.WriteSites([.. Enumerable.Range(0, functions).SelectMany(id => new[]
        {
            new SiteRecord(new SiteId((uint)(2 * id) + 1), new FunctionId(id), SiteKind.Entry),
            new SiteRecord(new SiteId((uint)(2 * id) + 2), new FunctionId(id), SiteKind.Exit),
        })]);
    }

    static double CpuTime(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    sealed class Counter : IEventVisitor
    {
        public long Events { get; private set; }

        public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events) => Events += events.Length;

        public void OnLost(in LostRecord lost)
        {
        }
    }
}
