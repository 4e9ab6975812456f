using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>Short sleeps: Thread.Sleep knows no less than a millisecond.</summary>
internal static unsafe partial class Delay
{
    /// <summary>Sleeps for about <paramref name="time"/>; a signal may end it early.</summary>
    internal static void For(TimeSpan time)
    {
        timespec request = timespec.From(time);
        nanosleep(&request, null);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int nanosleep(timespec* req, timespec* rem);
}
