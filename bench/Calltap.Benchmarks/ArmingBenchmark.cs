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
        TimeSpan window = TimeSpan.FromMilliseconds(80), add = TimeSpan.FromMilliseconds(500);
        for (int i = 0; i < rounds; i++)
        {
            Console.Error.Write($"\rarming {i + 1} of {rounds} ");
            all.Add(Round(window, add, choice));
            (window, add) = (all[^1].Armed.Batch.Window, all[^1].Add);
        }
        Console.Error.Write("\r                    \r");
        return all;
    }

    static ArmingRound Round(TimeSpan quietWindow, TimeSpan quietAdd, ArmingChoice choice)
    {
        using BenchProcess process = BenchProcess.Start(Threads);
        ControlFile control = process.Control;
        byte[] before = process.ReadText();
        process.Run(BenchCommand.Busy, WarmMs); // a thread's gap meter starts with its first phase
        control.Post((int)BenchCommand.Busy, BusyMs);
        TimeSpan quiet = Quiet(control, quietWindow), quietAll = Quiet(control, quietAdd);

        long start = Stopwatch.GetTimestamp();
        using RecordedRun run = RecordedRun.Start(process.Pid, choice);
        TimeSpan attach = Stopwatch.GetElapsedTime(start);
        var longest = new List<ControlThread>(); // before the window, in it, behind it
        run.WindowOpens = opens => longest.Add(Longest(control, opens ? TimeSpan.Zero : s_settle));
        control.ResetGaps(s_notice);
        start = Stopwatch.GetTimestamp();
        ArmReport armed = run.Arm(RecordedRun.Graph(BenchTarget.FunctionGlob));
        TimeSpan add = Stopwatch.GetElapsedTime(start);
        longest.Add(Longest(control, s_settle));
        TimeSpan addStall = longest.Max(t => t.LongestGap), armStall = longest[1].LongestGap;
        string step = StepOf(longest[1].GapTsc, armed.Batch);
        longest.Clear();
        start = Stopwatch.GetTimestamp();
        ArmReport disarmed = run.Stop();
        TimeSpan stop = Stopwatch.GetElapsedTime(start);
        process.RequireRightResults();
        return new ArmingRound(
            attach, add, armed, stop, disarmed, step, armStall, longest[1].LongestGap, addStall, quiet, quietAll, process.ReadText().AsSpan().SequenceEqual(before));
    }

    static TimeSpan Quiet(ControlFile control, TimeSpan time)
    {
        control.ResetGaps(s_notice);
        Thread.Sleep(time);
        return Longest(control, s_settle).LongestGap;
    }

    /// <summary>The thread with the longest stall since the last reset, a moment from now (a gap is noted when it is over); and resets.</summary>
    static ControlThread Longest(ControlFile control, TimeSpan settle)
    {
        Thread.Sleep(settle);
        ControlThread longest = control.Threads.MaxBy(t => t.LongestGap)!;
        control.ResetGaps(s_notice);
        return longest;
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
}
