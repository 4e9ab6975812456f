using System.Diagnostics;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>What it takes to report a large trace of four threads in a file: all of it, a tenth of the time, one function with what it calls.</summary>
static class ReadBenchmark
{
    const int Threads = 4;
    const int Batch = 1 << 20;
    const int Drained = 1 << 14;

    /// <summary>Prints one line per shape: wall clock and processor time per event of the file.</summary>
    public static int Run(long events = 100_000_000)
    {
        Console.WriteLine($"shape                     events  B/event   report (cpu)        a tenth   one function   peak");
        foreach (EventShape shape in EventShape.All.Where(shape => shape.Name is "fib" or "program, 2,000" or "program, 40,000"))
            Measure(shape, events);
        return 0;
    }

    static void Measure(EventShape shape, long events)
    {
        string path = Path.GetTempFileName();
        try
        {
            Write(path, shape, events);
            using FileStream file = File.OpenRead(path);
            using TraceReader trace = TraceReader.Open(file, path);
            double ns = 1e9 / trace.Events;
            (double all, double cpu) = Time(() => ReportBuilder.Build(trace));
            ulong first = trace.EventChunks.Min(chunk => chunk.First.Value), last = trace.EventChunks.Max(chunk => chunk.Last.Value);
            var window = new TimeWindow(new TscTime(first + ((last - first) / 2)), new TscTime(first + ((last - first) / 10 * 6)));
            (double tenth, _) = Time(() => ReportBuilder.Build(trace, window));
            (double one, _) = Time(() => ReportBuilder.Build(trace, scope: new CallScope([new FunctionId(0)])));
            long peak = Process.GetCurrentProcess().PeakWorkingSet64;
            Console.WriteLine($"{shape.Name,-20} {trace.Events,12:N0} {(double)file.Length / trace.Events,7:F2} {all * ns,7:F1} ns ({cpu * ns,5:F1} ns) {tenth,8:F2} s {one * ns,11:F1} ns {peak >> 20,6} MB");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Writes a made-up trace, for commands that read one.</summary>
    public static int WriteTrace(string path, string shape, long events)
    {
        Write(path, EventShape.All.First(s => s.Name.Contains(shape, StringComparison.Ordinal)), events);
        return 0;
    }

    static void Write(string path, EventShape shape, long events)
    {
        TraceEvent[] some = shape.Generate(Batch);
        ulong length = some[^1].Time.Value - some[0].Time.Value + 1;
        using FileStream file = File.Create(path);
        using var writer = new TraceWriter(file);
        EventsBenchmark.Describe(writer, shape.Functions);
        for (long written = 0; written < events; written += Threads * some.Length)
        {
            for (int at = 0; at < some.Length; at += Drained)
                for (int thread = 1; thread <= Threads; thread++)
                    writer.WriteEvents(new Tid(thread), some.AsSpan(at, Math.Min(Drained, some.Length - at)));
            for (int i = 0; i < some.Length; i++)
                some[i] = new TraceEvent(new TscTime(some[i].Time.Value + length), some[i].Site, some[i].StackLow);
        }

        writer.Finish();
    }

    static (double Wall, double Cpu) Time(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }
}
