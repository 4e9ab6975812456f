using System.Diagnostics;

namespace Calltap.Fuzz;

/// <summary>
/// Time that was worked since it was started: the clock's or the processors', whichever is less. A busy machine makes the one long, other threads of
/// this process the other.
/// </summary>
readonly struct WorkTime
{
    readonly long _start = Stopwatch.GetTimestamp();
    readonly TimeSpan _processors = Environment.CpuUsage.TotalTime;

    /// <summary>Starts it.</summary>
    public WorkTime()
    {
    }

    /// <summary>So far.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            TimeSpan clock = Stopwatch.GetElapsedTime(_start), processors = Environment.CpuUsage.TotalTime - _processors;
            return clock < processors ? clock : processors;
        }
    }
}
