namespace Calltap.Code.Managed;

/// <summary>What is known of where a method's code is.</summary>
/// <param name="IsReadyToRun">It was compiled ahead of time, and is mapped from a file.</param>
/// <param name="ForwardsFaults">A fault in a displaced instruction is told the runtime as one of the original.</param>
public sealed record ManagedTraits(bool IsReadyToRun, bool ForwardsFaults);
