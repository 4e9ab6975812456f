namespace Calltap.Trace;

/// <summary>
/// Receives one track after the other. Entries and exits of a track are balanced, nest, and their times never go back: what an exporter writes is so by
/// itself. Times are nanoseconds since the first event of the trace.
/// </summary>
public interface ITrackVisitor
{
    /// <summary>A track begins: what follows is of it.</summary>
    void OnTrack(Track track);

    /// <summary>A call was entered, within those that are open.</summary>
    void OnEntry(FunctionId function, long ns);

    /// <summary>
    /// The innermost open call ended. Where <see cref="Call.End"/> is not known, <paramref name="ns"/> is the last time at which the call is known to have
    /// been open: that of the last entry or exit within it, or the end of the trace for what is open there.
    /// </summary>
    void OnExit(in Call call, long ns);

    /// <summary>Events were lost behind the time <paramref name="ns"/>, that of the last event before.</summary>
    void OnLost(in TrackLoss loss, long ns);

    /// <summary>The track ends, with the time of its last event and what it held.</summary>
    void OnEnd(ExportTotals totals, long ns);
}
