using System.Diagnostics;
using Calltap.Cli.Demo;
using Calltap.Native;
using Calltap.Patching;

namespace Calltap.Benchmarks;

/// <summary>
/// Arms and disarms 50,000 plain functions, entry and every exit, under four busy threads, with the drain and the file on.
/// A fresh process each time: in one that was armed before, the pages of the text are its own already.
/// </summary>
static class ArmingBenchmark
{
    const int Threads = 4, BusyMs = 100_000, WarmMs = 100;

    static readonly TimeSpan s_notice = TimeSpan.FromSeconds(10);
    static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures <paramref name="rounds"/> rounds.</summary>
    public static IReadOnlyList<ArmingRound> Run(int rounds, ArmingChoice choice)
    {
        var all = new List<ArmingRound>();
        TimeSpan quiet = TimeSpan.FromMilliseconds(500);
        for (int i = 0; i < rounds; i++)
        {
            Console.Error.Write($"\rarming {i + 1} of {rounds} ");
            all.Add(Round(quiet, choice));
            quiet = all[^1].Add;
        }
        Console.Error.Write("\r                    \r");
        return all;
    }

    static ArmingRound Round(TimeSpan quiet, ArmingChoice choice)
    {
        using BenchProcess process = BenchProcess.Start(Threads);
        ControlFile control = process.Control;
        byte[] before = process.ReadText();
        process.Run(BenchCommand.Busy, WarmMs); // a thread's gap meter starts with its first phase
        control.Post((int)BenchCommand.Busy, BusyMs);
        (_, TimeSpan quietStall) = Stalls(control, () => Thread.Sleep(quiet));

        long start = Stopwatch.GetTimestamp();
        using RecordedRun run = RecordedRun.Start(process.Pid, choice);
        TimeSpan attach = Stopwatch.GetElapsedTime(start);
        ArmReport? armed = null, disarmed = null;
        (TimeSpan add, TimeSpan armStall) = Stalls(control, () => armed = run.Arm(RecordedRun.Graph(BenchTarget.FunctionGlob)));
        ControlThread longest = control.Threads.MaxBy(t => t.LongestGap)!;
        (TimeSpan stop, TimeSpan disarmStall) = Stalls(control, () => disarmed = run.Stop());
        process.RequireRightResults();
        return new ArmingRound(
            attach, add, armed!, stop, disarmed!, StepOf(longest.GapTsc, armed!.Batch), armStall, disarmStall, quietStall, process.ReadText().AsSpan().SequenceEqual(before));
    }

    /// <summary>The step in which a moment fell; "before" the batch is the helper's start and the plan of the stubs.</summary>
    static string StepOf(TscTime moment, BatchResult batch)
    {
        using var tsc = new TimeStampCounter();
        (TscTime now, MonotonicNs clock) = tsc.Together();
        Thread.Sleep(20);
        (TscTime later, MonotonicNs laterClock) = tsc.Together();
        double nsPerTick = (laterClock.Value - clock.Value) / (double)(later.Value - now.Value);
        double at = clock.Value - (now.Value - moment.Value) * nsPerTick - batch.Began.Value;
        if (at < 0) return "before";
        foreach ((string step, TimeSpan time) in batch.Steps)
            if ((at -= time.TotalNanoseconds) < 0) return step;
        return "after";
    }

    /// <summary>Times an action, and the threads' stalls from its beginning to a little after its end.</summary>
    static (TimeSpan Time, TimeSpan Longest) Stalls(ControlFile control, Action action)
    {
        control.ResetGaps(s_notice);
        long start = Stopwatch.GetTimestamp();
        action();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        Thread.Sleep(s_settle); // a gap is noted when it is over
        return (time, control.LongestGap);
    }
}
