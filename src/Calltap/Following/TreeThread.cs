using Calltap.Target;

namespace Calltap.Following;

/// <summary>A thread of a followed process.</summary>
sealed class TreeThread(Tid tid, Pid process)
{
    /// <summary>Its id.</summary>
    public Tid Tid => tid;

    /// <summary>Its process. A child that still runs in its maker's memory (vfork) is a process of its own.</summary>
    public Pid Process => process;

    /// <summary>The call that it makes again because our tracing made it fail.</summary>
    public RepeatedCall Repeated;

    /// <summary>When it was last sent back to a call by a signal that another thread could have taken: its calls are looked at; 0 for never.</summary>
    public long WatchedSince { get; set; }

    /// <summary>Where it is to be held; null when it is on no way there.</summary>
    public EntryGate? Gate { get; set; }

    /// <summary>The process that made it; default where that is not known.</summary>
    public Pid Maker { get; set; }

    /// <summary>It stands in a stop until it is released.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Its first stop, which the kernel makes before it runs, has not come.</summary>
    public bool IsUnborn { get; set; }
}
