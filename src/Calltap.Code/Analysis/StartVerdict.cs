namespace Calltap.Code.Analysis;

/// <summary>What a start turned out to be.</summary>
internal enum StartVerdict
{
    /// <summary>A function's: calls enter it, or jumps to it are tail calls; or it can be taken for one without harm.</summary>
    Function,

    /// <summary>Nothing that says enough is known to lead there, and something live may lie below the stack pointer.</summary>
    NotProven,

    /// <summary>A part of the one function that leads there.</summary>
    PartOfKnown,

    /// <summary>A part of several functions, or of one that is not known.</summary>
    PartOfUnknown,
}
