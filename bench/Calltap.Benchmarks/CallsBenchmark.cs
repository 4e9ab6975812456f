using Calltap.Probes;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// The price of a traced call, side by side with two rdtsc: each round runs every workload off and then armed, so that
/// whatever else the machine does falls on both. Each armed round is a recording of its own, file and all.
/// </summary>
static class CallsBenchmark
{
    /// <summary>Measures all workloads.</summary>
    public static IReadOnlyList<CallCost> Run(int rounds, Func<Workload, bool> wanted)
    {
        using BenchProcess four = BenchProcess.Start(4), eight = BenchProcess.Start(8), managed = BenchProcess.StartManaged();
        Workload[] all = [.. Workload.All.Where(wanted)];
        var off = all.ToDictionary(work => work, _ => new List<CallSample>());
        var on = all.ToDictionary(work => work, _ => new List<CallSample>());
        var rdtsc = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            foreach (Workload work in all)
            {
                BenchProcess process = work.IsManaged ? managed : work.Threads == 8 ? eight : four;
                Console.Error.Write($"\rround {round + 1} of {rounds}: {work.Name,-40}");
                rdtsc.Add(four.Run(BenchCommand.Rdtsc, 500).MedianNanoseconds);
                off[work].Add(Bursts(process, work, _ => true).Sample);
                on[work].Add(work.Counts ? Count(process, work) : Record(process, work));
            }
        }
        Console.Error.Write("\r" + new string(' ', 70) + "\r");
        return [.. all.Select(work => new CallCost(work, off[work], on[work], Medians.Of(rdtsc)))];
    }

    static CallSample Record(BenchProcess process, Workload work)
    {
        using RecordedRun run = RecordedRun.Start(process.Pid, new ArmingChoice { Breakpoints = work.HasBreakpoint });
        run.Arm(RecordedRun.Graph(work.Glob));
        long warm = Burst(process, work).Calls; // the ring's pages, the arena's
        run.Drained(warm);
        (CallSample sample, long calls) = Bursts(process, work, made => run.Drained(warm + made));
        run.Stop();
        TraceReport report = run.Report();
        long seen = report.Functions.Sum(f => f.Calls) - warm;
        if (report.Functions.Select(f => f.Calls).Distinct().Count() > 1) seen = -1; // all are called equally often
        return sample with { Calls = calls, Seen = seen, Lost = report.Lost + run.Progress.LostExits };
    }

    static CallSample Count(BenchProcess process, Workload work)
    {
        using TraceSession session = TraceSession.Attach(process.Pid, new SessionOptions());
        Op op = Op.Parse($"count:{work.Glob}", FunctionFilter.All);
        session.Add(op);
        (CallSample sample, long calls) = Bursts(process, work, _ => true);
        ulong seen = session.Counts(op).Values.Aggregate(0ul, (sum, count) => sum + count);
        session.Detach();
        return sample with { Calls = calls, Seen = (long)seen };
    }

    /// <summary>The bursts of a round; after each the drain may catch up.</summary>
    static (CallSample Sample, long Calls) Bursts(BenchProcess process, Workload work, Func<long, bool> catchUp)
    {
        var results = new List<BenchResult>();
        long calls = 0;
        for (int i = 0; i < work.Bursts; i++)
        {
            results.Add(Burst(process, work));
            calls += results[^1].Calls;
            catchUp(calls);
        }
        double cpu = results.Sum(r => r.CpuNanosecondsPerCall * r.Calls) / calls;
        return (new CallSample(Medians.Of(results.Select(r => r.MedianNanoseconds)), cpu, calls, calls, 0), calls);
    }

    static BenchResult Burst(BenchProcess process, Workload work) => process.Run(work.Command, work.First, work.Second);
}
