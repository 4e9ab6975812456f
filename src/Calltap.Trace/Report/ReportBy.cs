namespace Calltap.Trace;

/// <summary>What a report has a line for.</summary>
public enum ReportBy
{
    /// <summary>Each function.</summary>
    Function = 0,

    /// <summary>Each module: the calls of its functions, times from its outermost ones.</summary>
    Module = 1,

    /// <summary>Each thread: all of its calls, times from the outermost ones.</summary>
    Thread = 2,

    /// <summary>Each function that called others: the calls made from it, and one line for those made from no traced function.</summary>
    Caller = 3,
}
