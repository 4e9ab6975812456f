namespace Calltap.Trace;

/// <summary>An open call.</summary>
struct CallFrame
{
    /// <summary>Number of the call in its thread.</summary>
    public long Index;

    /// <summary>TSC of the entry.</summary>
    public ulong Start;

    /// <summary>Ticks of the ended calls made from it.</summary>
    public ulong ChildTicks;

    /// <summary>The function.</summary>
    public int Function;

    /// <summary>Low half of rsp at its return slot.</summary>
    public uint StackLow;

    /// <summary>Whether no other call of the function was open.</summary>
    public bool IsOutermost;

    /// <summary>Whether the time of a call made from it is unknown.</summary>
    public bool HasUnknownChild;
}
