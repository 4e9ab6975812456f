namespace Calltap.Code;

/// <summary>What is known, before any code is decoded, of how control reaches the start of a range of code.</summary>
public enum StartEvidence
{
    /// <summary>It is a function's: it has a symbol, or data hold its address.</summary>
    Called,

    /// <summary>Only unwind data show it, as a function's or a part's that is jumped to: the jumps that lead there decide.</summary>
    Unproven,

    /// <summary>It is a part of some function, and not known of which (its unwind data show a frame at its start, or its name fits several).</summary>
    Part,
}
