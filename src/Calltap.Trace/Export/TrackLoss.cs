namespace Calltap.Trace;

/// <summary>Events of a thread that were not recorded, between those before and those behind.</summary>
/// <param name="Entries">Entries lost since the loss before.</param>
/// <param name="Exits">Exits lost since then.</param>
/// <param name="Holes">Events of unknown kind.</param>
public readonly record struct TrackLoss(long Entries, long Exits, long Holes);
