using Calltap.Recording;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>A trace in memory, read back: calls of each thread, as entries were recorded, with what came of them.</summary>
sealed class RecordedCalls : IEventVisitor
{
    readonly Dictionary<Tid, Dictionary<FunctionId, long>> _entries = [];
    readonly Dictionary<Tid, List<(FunctionId Function, bool Entry, int Depth)>> _sequences = [];
    readonly Dictionary<Tid, Dictionary<(FunctionId Function, EndedBy EndedBy), long>> _ends = [];
    readonly Dictionary<FunctionId, long> _exits = [];
    readonly TraceReader _reader;
    readonly CallReader _calls;

    RecordedCalls(TraceReader reader, bool sequences)
    {
        _reader = reader;
        _calls = new CallReader(reader.Catalog, tid => new Visitor(this, tid, sequences));
    }

    /// <summary>Reads a whole trace; it must not be damaged.</summary>
    public static RecordedCalls Read(MemoryStream file, bool sequences = false)
    {
        using TraceReader reader = TraceReader.Open(file.ToArray(), "test");
        Assert.True(reader.IsComplete, reader.Damage?.Message ?? "the file has no end");
        var calls = new RecordedCalls(reader, sequences);
        reader.Read(calls);
        calls._calls.Finish();
        Assert.Null(reader.Damage);
        return calls;
    }

    public TraceCatalog Catalog => _reader.Catalog;

    public IReadOnlyCollection<Tid> Threads => _entries.Keys;

    public long Events { get; private set; }

    public long Entries => _calls.Threads.Values.Sum(t => t.Entries);

    public long OrphanExits => _calls.Threads.Values.Sum(t => t.OrphanExits);

    public long UnknownSites => _calls.Threads.Values.Sum(t => t.UnknownSites);

    public long LostEntries => Catalog.Lost.Values.Sum(l => l.Entries + l.Holes);

    /// <summary>Entries recorded by a thread in a function.</summary>
    public long EntriesOf(Tid thread, FunctionId function) => _entries.GetValueOrDefault(thread)?.GetValueOrDefault(function) ?? 0;

    /// <summary>Entries recorded by a thread.</summary>
    public long EntriesOf(Tid thread) => _entries.GetValueOrDefault(thread)?.Values.Sum() ?? 0;

    /// <summary>Entries recorded in a function.</summary>
    public long EntriesOf(FunctionId function) => _entries.Values.Sum(f => f.GetValueOrDefault(function));

    /// <summary>Lost entries of a thread.</summary>
    public long LostOf(Tid thread) => Catalog.Lost.TryGetValue(thread, out LostRecord lost) ? lost.Entries + lost.Holes : 0;

    /// <summary>Entries and ends of a thread in their order, with the depth.</summary>
    public IReadOnlyList<(FunctionId Function, bool Entry, int Depth)> SequenceOf(Tid thread) => _sequences[thread];

    /// <summary>How many calls ended how, over all threads.</summary>
    public Dictionary<(FunctionId Function, EndedBy EndedBy), long> Ends => _ends.Values.SelectMany(e => e)
        .GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Sum(e => e.Value));

    /// <summary>How many calls of a thread ended how.</summary>
    public IReadOnlyDictionary<(FunctionId Function, EndedBy EndedBy), long> EndsOf(Tid thread) => _ends[thread];

    void IEventVisitor.OnEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        Events += events.Length;
        foreach (TraceEvent e in events)
        {
            SiteRecord site = Catalog.Sites.Find(e.Site);
            if (site.Kind is SiteKind.Exit or SiteKind.TailExit) _exits[site.Function] = _exits.GetValueOrDefault(site.Function) + 1;
        }
        _calls.OnEvents(thread, events);
    }

    /// <summary>Functions with exits that no open call had, and how many.</summary>
    public string Orphans()
    {
        var ended = Ends;
        return string.Join(", ", _exits
            .Select(e => (Name: Catalog.NameOf(e.Key), Count: e.Value - ended.GetValueOrDefault((e.Key, EndedBy.Exit))))
            .Where(e => e.Count > 0).Select(e => $"{e.Name} {e.Count}"));
    }

    void IEventVisitor.OnLost(in LostRecord lost) => _calls.OnLost(lost);

    sealed class Visitor(RecordedCalls owner, Tid thread, bool sequences) : ICallVisitor
    {
        readonly Dictionary<FunctionId, long> _entries = owner._entries[thread] = [];
        readonly Dictionary<(FunctionId, EndedBy), long> _ends = owner._ends[thread] = [];
        readonly List<(FunctionId, bool, int)> _sequence = owner._sequences[thread] = [];

        public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
        {
            _entries[function] = _entries.GetValueOrDefault(function) + 1;
            if (sequences) _sequence.Add((function, true, depth));
        }

        public void OnCall(in Call call)
        {
            (FunctionId, EndedBy) key = (call.Function, call.EndedBy);
            _ends[key] = _ends.GetValueOrDefault(key) + 1;
            if (sequences) _sequence.Add((call.Function, false, call.Depth));
        }
    }
}
