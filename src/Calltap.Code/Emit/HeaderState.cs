namespace Calltap.Code.Emit;

/// <summary>The life of a thread header.</summary>
public enum HeaderState
{
    /// <summary>Offered in the queue or not in use.</summary>
    Free = 0,

    /// <summary>A thread of the target writes through it.</summary>
    Claimed = 2,

    /// <summary>Its thread has ended and its ring is drained; the slot that names it may be taken over.</summary>
    Dead = 3,
}
