namespace Calltap.Trace;

/// <summary>How far the end of a call is known where calls are drawn.</summary>
public enum CallEnding : byte
{
    /// <summary>It was gone at the time that its drawn end stands for, and may have ended any time before.</summary>
    Unknown = 0,

    /// <summary>It returned or left by a tail jump then.</summary>
    Exit = 1,

    /// <summary>It was unwound, which showed then.</summary>
    Unwind = 2,

    /// <summary>Its end was not seen before the trace ended.</summary>
    Open = 3,
}
