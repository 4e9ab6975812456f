namespace Calltap.Trace;

/// <summary>
/// Delivers a trace track by track, in bounded memory: a thread's pieces of the file are read for each of its tracks, and most threads have one.
/// </summary>
public sealed class TrackReader
{
    readonly TraceReader _trace;
    readonly ExportPart _part;
    readonly ITrackVisitor _visitor;
    readonly ExitCoverage _coverage;
    readonly TrackClock _clock;
    int _made;

    TrackReader(TraceReader trace, ExportPart part, ITrackVisitor visitor)
    {
        (_trace, _part, _visitor) = (trace, part, visitor);
        _coverage = new ExitCoverage(trace.Catalog);
        _clock = new TrackClock(trace);
    }

    /// <summary>Reads a part of a trace: threads by their ids in the file, each up to its damage.</summary>
    /// <returns>What was delivered.</returns>
    /// <exception cref="IOException">The stream, or what the visitor writes to, failed.</exception>
    public static ExportTotals Read(TraceReader trace, ExportPart part, ITrackVisitor visitor)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(part);
        return new TrackReader(trace, part, visitor).Read();
    }

    ExportTotals Read()
    {
        ILookup<Tid, StreamItem> items = _trace.ItemsByThread();
        _made = Math.Max(TaskRecord.FirstMade, items.Select(thread => thread.Key.Value).DefaultIfEmpty().Max());
        var totals = new ExportTotals();
        foreach (IGrouping<Tid, StreamItem> thread in items.Where(thread => _part.Threads?.Contains(thread.Key) ?? true).OrderBy(thread => thread.Key))
            totals += Read(thread.Key, [.. thread]);
        return totals;
    }

    ExportTotals Read(Tid thread, StreamItem[] items)
    {
        var totals = new ExportTotals();
        int stacks = 1;
        for (int stack = 0; stack < stacks; stack++)
        {
            var pass = new TrackPass(TrackOf(thread, stack), _clock, _coverage, _visitor, LostBefore(items));
            var calls = new CallTreeBuilder(_trace.Catalog.Sites, _coverage, pass, _part.Scope);
            _trace.ReadMerged(new TrackEvents(calls, pass), items, _part.Window);
            pass.IsFinishing(new TscTime(Math.Min(_clock.Last.Value, _part.Window.To.Value)), calls);
            totals += pass.Finish(calls.OrphanExits);
            stacks = Math.Max(stacks, pass.Stacks);
        }

        return totals;
    }

    Track TrackOf(Tid thread, int stack)
    {
        TraceCatalog catalog = _trace.Catalog;
        string name = catalog.Threads.TryGetValue(thread, out ThreadRecord? record) ? record.Name : "";
        return new Track(stack == 0 ? thread.Value : ++_made, stack, thread, catalog.TidOf(thread), catalog.PidOf(thread), name);
    }

    // Losses are counted since the start of the trace: those before the window are not of the part.
    LostRecord LostBefore(StreamItem[] items) => items.LastOrDefault(item => !item.IsEvents && item.Lost.Time < _part.Window.From).Lost;
}
