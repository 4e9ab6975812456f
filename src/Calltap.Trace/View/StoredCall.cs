namespace Calltap.Trace;

/// <summary>A call as it is kept for being drawn: 32 bytes.</summary>
struct StoredCall
{
    /// <summary>Time of the entry; never before that of the call before.</summary>
    public ulong Start;

    /// <summary>Ticks from there to the end, or to when it was known to be gone (<see cref="Ending"/>).</summary>
    public ulong Ticks;

    /// <summary>The function.</summary>
    public int Function;

    /// <summary>Number of the calling call in its thread; -1 without one.</summary>
    public int Parent;

    /// <summary>The row it is drawn in.</summary>
    public int Row;

    /// <summary>What <see cref="Ticks"/> stands for.</summary>
    public CallEnding Ending;

    /// <summary>Time of the end.</summary>
    public readonly ulong End => Ticks > ulong.MaxValue - Start ? ulong.MaxValue : Start + Ticks;

    /// <summary>Whether the end is known.</summary>
    public readonly bool IsKnown => Ending is CallEnding.Exit or CallEnding.Unwind;
}
