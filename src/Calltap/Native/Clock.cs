using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>clock_gettime(2) and nanosleep(2): waits shorter than the runtime's millisecond.</summary>
internal static unsafe partial class Clock
{
    private const int CLOCK_MONOTONIC = 1;

    /// <summary>CLOCK_MONOTONIC, which runs alike in every process.</summary>
    internal static MonotonicNs Now()
    {
        timespec time;
        _ = clock_gettime(CLOCK_MONOTONIC, &time); // Fails only for a clock or an address that does not exist.
        return new MonotonicNs(time.tv_sec * 1_000_000_000 + time.tv_nsec);
    }

    /// <summary>Sleeps about <paramref name="time"/>; an early wake-up is no harm where this is used: in loops with a deadline.</summary>
    internal static void Sleep(TimeSpan time)
    {
        timespec request = timespec.From(time);
        _ = nanosleep(&request, null);
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clockid, timespec* tp);

    [LibraryImport("libc")]
    private static partial int nanosleep(timespec* req, timespec* rem);
}
