namespace Calltap.Trace;

/// <summary>A function that was called.</summary>
/// <param name="Id">The function.</param>
/// <param name="Report">Its statistics, as <c>calltap report</c> has them.</param>
public sealed record ViewFunction(FunctionId Id, FunctionReport Report);
