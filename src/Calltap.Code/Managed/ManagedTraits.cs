namespace Calltap.Code.Managed;

/// <summary>What holds for all methods of an image or of a compiler.</summary>
/// <param name="IsReadyToRun">
/// From a ReadyToRun image: there the runtime finds the cell of a call that it has yet to bind by the bytes before the return address, so that no call is displaced.
/// </param>
/// <param name="ForwardsFaults">A fault in a displaced instruction reaches the runtime as one at the original address.</param>
public sealed record ManagedTraits(bool IsReadyToRun, bool ForwardsFaults);
