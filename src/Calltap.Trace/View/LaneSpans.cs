namespace Calltap.Trace;

/// <summary>What of a thread is drawn in a window.</summary>
/// <param name="Spans">Row by row, each in order of time.</param>
/// <param name="Gaps">Where events were lost; close ones are merged.</param>
/// <param name="Resolution">Ticks below which calls were merged: as asked for, or more where there would have been too many.</param>
public sealed record LaneSpans(IReadOnlyList<CallSpan> Spans, IReadOnlyList<LostGap> Gaps, ulong Resolution);
