namespace Calltap.Cli.Demo;

/// <summary>What one thread of a test program says about itself (control_thread in control.h).</summary>
/// <param name="Tid">Its thread id.</param>
/// <param name="Calls">Calls it made to functions that are meant to be traced.</param>
/// <param name="Rounds">Whole rounds.</param>
/// <param name="Checksum">Over every result so far.</param>
/// <param name="Wrong">Results that were not the expected ones.</param>
/// <param name="LongestGap">The longest time it was kept from its work since the last reset, the scheduler's run delay taken off.</param>
/// <param name="LongestRawGap">The same with the run delay.</param>
/// <param name="GapSum">Sum of the gaps of 30 us and more, run delay taken off.</param>
/// <param name="GapCount">How many those were.</param>
/// <param name="GapTsc">TSC at the end of the longest gap.</param>
/// <param name="CpuTime">CPU time it used in the last phase.</param>
/// <param name="Resting">It is between two calls, where the program tells so (the demo does).</param>
public sealed record ControlThread(
    Tid Tid,
    long Calls,
    long Rounds,
    ulong Checksum,
    long Wrong,
    TimeSpan LongestGap,
    TimeSpan LongestRawGap,
    TimeSpan GapSum,
    long GapCount,
    TscTime GapTsc,
    TimeSpan CpuTime,
    bool Resting);
