namespace Calltap.Trace;

/// <summary>A time of a thread in which events were lost: from the last event before to the first one behind.</summary>
/// <param name="From">Time of the last event before.</param>
/// <param name="To">Time of the first event behind; the end of what was read, without one.</param>
/// <param name="Lost">Events of all kinds that were lost there.</param>
public readonly record struct LostGap(ulong From, ulong To, long Lost);
