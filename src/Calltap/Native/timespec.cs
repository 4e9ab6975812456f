using System.Runtime.InteropServices;

namespace Calltap.Native;

#pragma warning disable CS8981 // A native name, verbatim.
/// <summary>time.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct timespec
{
    internal long tv_sec;
    internal long tv_nsec;

    internal static timespec From(TimeSpan time) =>
        new() { tv_sec = (long)time.TotalSeconds, tv_nsec = time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick };
}
