using System.Diagnostics;
using Calltap.Cli.Demo;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary>The running demo program, and what it says about itself.</summary>
sealed class DemoTarget : IDisposable
{
    const int SecondsToLive = 300;

    /// <summary>So long that every thread stays between two calls until the work is set back.</summary>
    const ulong QuietWork = 1ul << 50;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(250);

    readonly ControlFile _control;
    readonly TargetLauncher _launcher;

    DemoTarget(ControlFile control, TargetLauncher launcher) => (_control, _launcher) = (control, launcher);

    /// <summary>Its pid.</summary>
    public Pid Pid => _launcher.Pid;

    /// <summary>The thread that is shown.</summary>
    public Tid FirstThread => _control.Threads[0].Tid;

    /// <summary>Calls of generated functions so far.</summary>
    public long Calls => _control.Threads.Sum(thread => thread.Calls);

    /// <summary>Results that were wrong: calls that went astray.</summary>
    public long WrongResults => _control.WrongResults;

    /// <summary>The longest time a thread was kept from its work since <see cref="WatchGaps"/>, run delay taken off.</summary>
    public TimeSpan LongestGap => _control.LongestGap;

    /// <summary>Starts the program and waits until all its threads are at work.</summary>
    public static DemoTarget Start(string program)
    {
        ControlFile control = ControlFile.Create();
        control.Work = DemoProgram.DefaultWork;
        TargetLauncher launcher = TargetLauncher.Start(program, DemoProgram.Arguments(control, SecondsToLive));
        var demo = new DemoTarget(control, launcher);
        try
        {
            launcher.Release();
            control.WaitUntilReady(s_patience);
            Wait(() => control.Threads.All(thread => thread.Calls > 1000), "the threads to be busy");
            return demo;
        }
        catch
        {
            demo.Dispose();
            throw;
        }
    }

    /// <summary>Starts the measurement of gaps afresh.</summary>
    public void WatchGaps() => _control.ResetGaps(s_patience);

    /// <summary>The longest gap in a time in which nobody does anything to the program.</summary>
    public TimeSpan ControlGap(TimeSpan time)
    {
        WatchGaps();
        Thread.Sleep(time);
        return LongestGap;
    }

    /// <summary>
    /// Holds every thread between two calls for a moment, so that what was called and what was recorded can be compared.
    /// </summary>
    /// <param name="drained">Changes while events still come.</param>
    /// <returns>A moment at which no call was under way, and the calls made until then.</returns>
    public (MonotonicNs Time, long Calls) Quiesce(Func<long> drained)
    {
        _control.Work = QuietWork;
        long since = Stopwatch.GetTimestamp();
        (long calls, long events) = (Calls, drained());
        Wait(() =>
        {
            (long, long) now = (Calls, drained());
            // Not even a thread that had no CPU for all that time is in the middle of a call.
            if (now != (calls, events) || !_control.Threads.All(thread => thread.Resting))
            {
                since = Stopwatch.GetTimestamp();
                (calls, events) = now;
            }
            return Stopwatch.GetElapsedTime(since) > s_quiet;
        }, "the threads to be quiet");
        _control.Work = DemoProgram.DefaultWork;
        return (new MonotonicNs(since), calls); // the stopwatch is CLOCK_MONOTONIC in nanoseconds
    }

    /// <summary>Lets the threads rest from now on.</summary>
    public void Rest() => _control.Work = QuietWork;

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Work = 0;
        _control.Stop();
        if (!EndsByItself()) _launcher.Kill();
        _launcher.WaitForExit();
        _launcher.Dispose();
        _control.Dispose();
    }

    bool EndsByItself()
    {
        try
        {
            using TargetProcess target = TargetProcess.Open(Pid);
            return target.WaitForExit(s_patience);
        }
        catch (AttachException)
        {
            return true; // it has ended, and waits to be reaped
        }
    }

    static void Wait(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience) throw new TimeoutException($"waited {s_patience.TotalSeconds} s for {what}");
            Thread.Sleep(1);
        }
    }
}
