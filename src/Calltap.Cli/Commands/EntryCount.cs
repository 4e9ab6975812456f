using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>Counts the calls that a trace records within a time.</summary>
sealed class EntryCount(TraceCatalog catalog, MonotonicNs from, MonotonicNs to) : IEventVisitor
{
    readonly TraceClock _clock = catalog.Clock;

    /// <summary>Entry events so far.</summary>
    public long Entries { get; private set; }

    /// <inheritdoc/>
    public void OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        foreach (TraceEvent e in events)
        {
            if (catalog.Sites.Find(e.Site).Kind is not (SiteKind.Entry or SiteKind.EntryAlone)) continue;
            MonotonicNs time = _clock.ToMonotonic(e.Time);
            if (time >= from && time < to) Entries++;
        }
    }

    /// <inheritdoc/>
    public void OnLost(in LostRecord lost)
    {
        // Losses have no place in time; the recorder says how many there were.
    }
}
