using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// Up to which rate of calls nothing is lost: the leaf, entry and exit, with less and less work between two calls. Each
/// step is a recording of its own; at every rate recorded + lost must be the number of calls made.
/// </summary>
static class RateBenchmark
{
    const int StepMs = 1000, Repeats = 3;

    static readonly long[] s_work = [0, 10, 20, 40, 60, 80, 120, 160, 240, 320, 480, 640, 1280, 2560];

    /// <summary>For each number of threads: the steps from full speed down to the first at which nothing is lost.</summary>
    public static IReadOnlyList<RateStep> Run()
    {
        using BenchProcess process = BenchProcess.Start(4);
        var steps = new List<RateStep>();
        foreach (int threads in (int[])[1, 2, 4])
        {
            foreach (long work in s_work)
            {
                Console.Error.Write($"\rrate: {threads} threads, work {work}    ");
                RateStep[] tries = [.. Tries(process, threads, work)];
                steps.Add(tries[^1]);
                if (tries[^1].Lost == 0) break;
            }
        }
        Console.Error.Write("\r                                 \r");
        return steps;
    }

    /// <summary>Until one loses a call: nothing is lost at a rate only when several tries in a row say so.</summary>
    static IEnumerable<RateStep> Tries(BenchProcess process, int threads, long work)
    {
        for (int i = 0; i < Repeats; i++)
        {
            RateStep step = Try(process, threads, work);
            yield return step;
            if (step.Lost > 0) yield break;
        }
    }

    static RateStep Try(BenchProcess process, int threads, long work)
    {
        process.Control.Work = (ulong)work;
        using RecordedRun run = RecordedRun.Start(process.Pid);
        run.Arm(RecordedRun.Graph(BenchTarget.LeafFunction));
        BenchResult result = process.Run(BenchCommand.Rate, StepMs, threads);
        run.Stop();
        TraceReport report = run.Report();
        long recorded = report.Functions.Sum(f => f.Calls);
        return new RateStep(
            threads, work, result.Calls * 1000.0 / StepMs, result.Calls, recorded, report.Lost,
            report.Events == 0 ? 0 : (double)run.FileBytes / report.Events);
    }
}
