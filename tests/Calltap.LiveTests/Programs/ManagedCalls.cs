namespace Calltap.LiveTests.Programs;

/// <summary>What the program counted of one of its methods.</summary>
/// <param name="Entered">Calls.</param>
/// <param name="Unwound">Those of them that an exception ended: the others returned.</param>
readonly record struct ManagedCalls(long Entered, long Unwound)
{
    /// <summary>Calls that returned.</summary>
    public long Returned => Entered - Unwound;
}
