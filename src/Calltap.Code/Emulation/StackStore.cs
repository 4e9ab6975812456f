namespace Calltap.Code;

/// <summary>An 8-byte store that goes with an emulated instruction.</summary>
/// <param name="Address">Where.</param>
/// <param name="Value">What.</param>
public readonly record struct StackStore(TargetAddress Address, ulong Value);
