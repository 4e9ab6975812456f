namespace Calltap.Trace;

/// <summary>An open call.</summary>
struct CallFrame
{
    /// <summary>Number of the call in its thread.</summary>
    public long Index;

    /// <summary>Number of the call among those the visitor is told of; -1 for others.</summary>
    public long Told;

    /// <summary>TSC of the entry.</summary>
    public ulong Start;

    /// <summary>Ticks of the ended calls made from it.</summary>
    public ulong ChildTicks;

    /// <summary>The function.</summary>
    public int Function;

    /// <summary>What it is added up with (<see cref="CallGroups"/>).</summary>
    public int Group;

    /// <summary>Low half of rsp at its return slot.</summary>
    public uint StackLow;

    /// <summary>Depth within the scope; -1 outside.</summary>
    public int Depth;

    /// <summary>Whether no other call of the group was open.</summary>
    public bool IsOutermost;

    /// <summary>Whether the time of a call made from it is unknown.</summary>
    public bool HasUnknownChild;
}
