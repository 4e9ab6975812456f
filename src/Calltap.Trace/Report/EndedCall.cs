namespace Calltap.Trace;

/// <summary>A call that ended by its exit, as it is added up.</summary>
/// <param name="Ticks">How long it took.</param>
/// <param name="ChildTicks">How long the calls took that it made.</param>
/// <param name="Group">What it is added up with.</param>
/// <param name="IsOutermost">Whether no other call of the group was open.</param>
/// <param name="HasUnknownChild">Whether the time of a call made from it is unknown.</param>
readonly record struct EndedCall(ulong Ticks, ulong ChildTicks, int Group, bool IsOutermost, bool HasUnknownChild);
