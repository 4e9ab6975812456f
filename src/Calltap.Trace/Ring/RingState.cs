namespace Calltap.Trace;

/// <summary>Who owns a ring: the dword at <see cref="RingLayout.StateOffset"/>.</summary>
public enum RingState
{
    /// <summary>No memory behind it yet.</summary>
    Free = 0,

    /// <summary>Mapped and empty: a thread may claim it.</summary>
    Ready = 1,

    /// <summary>A thread writes into it.</summary>
    Claimed = 2,

    /// <summary>Its thread is gone; the tracer takes the rest and frees it.</summary>
    Dead = 3,
}
