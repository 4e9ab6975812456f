namespace Calltap.Fuzz;

/// <summary>What one input may cost before it counts as a fault.</summary>
/// <param name="Time">Time, of the best of three runs: the machine may be busy.</param>
/// <param name="Allocation">Bytes allocated on the managed heap, all threads.</param>
readonly record struct InputLimits(TimeSpan Time, long Allocation);
