namespace Calltap.Trace;

/// <summary>All calls of a thread, or of all, that came the same way. A mutable struct, as there are millions.</summary>
struct FlameNode
{
    /// <summary>The function; -1 at the root.</summary>
    public int Function;

    /// <summary>The node of the callers; -1 at the root.</summary>
    public int Parent;

    /// <summary>The newest of what they call; -1 without.</summary>
    public int FirstChild;

    /// <summary>The next one that the same callers call; -1 at the end.</summary>
    public int NextSibling;

    /// <summary>Ticks of the calls; for one without a known end what it called took, which is the least that it can have taken.</summary>
    public ulong Ticks;

    /// <summary>Ticks of what they call and that has no node, because there are too many.</summary>
    public ulong Cut;

    /// <summary>Number of calls.</summary>
    public int Calls;

    /// <summary>How many of them have no known end.</summary>
    public int Unknown;
}
