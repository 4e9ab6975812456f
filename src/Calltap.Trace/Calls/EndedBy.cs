namespace Calltap.Trace;

/// <summary>How a call ended, as far as the events tell.</summary>
public enum EndedBy
{
    /// <summary>
    /// Nothing tells: exits of the function are not all patched, events were lost, it was armed or disarmed meanwhile, or the trace ended.
    /// </summary>
    Unknown = 0,

    /// <summary>An exit event at the entry's stack: a return or a tail jump.</summary>
    Exit = 1,

    /// <summary>No exit although every one is patched: an exception, longjmp or the end of the thread's frame. Its end is when that showed.</summary>
    Unwind = 2,
}
