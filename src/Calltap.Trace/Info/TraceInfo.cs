namespace Calltap.Trace;

/// <summary>What a trace file is and what it holds, without its events being read.</summary>
public sealed record TraceInfo
{
    /// <summary>Where and of what it was taken.</summary>
    public required SessionRecord Session { get; init; }

    /// <summary>Whether the file has its end.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Time from the first event to the last in nanoseconds; null where there are none, or the clock is not known.</summary>
    public required long? DurationNs { get; init; }

    /// <summary>TSC ticks a second, by the moments known on both clocks; null where there are not two.</summary>
    public required double? MeasuredTscHz { get; init; }

    /// <summary>The programs, in the order of their ids.</summary>
    public required IReadOnlyList<ProcessRecord> Processes { get; init; }

    /// <summary>The threads that have events or lost some, those with the most events first.</summary>
    public required IReadOnlyList<ThreadInfo> Threads { get; init; }

    /// <summary>The modules by id, each with how many of its functions the file describes.</summary>
    public required IReadOnlyList<(ModuleRecord Module, int Functions)> Modules { get; init; }

    /// <summary>Poke batches, in file order.</summary>
    public required IReadOnlyList<ArmingRecord> Arming { get; init; }

    /// <summary>What the file is made of: for each type the number of chunks and their bytes.</summary>
    public required IReadOnlyList<(ChunkType Type, int Chunks, ByteSize Size)> Layout { get; init; }

    /// <summary>Functions that the file describes.</summary>
    public required int Functions { get; init; }

    /// <summary>Events in the readable part.</summary>
    public long Events => Threads.Sum(thread => thread.Events);

    /// <summary>Calls and ends of calls that were lost, and events of unknown kind.</summary>
    public long Lost => Threads.Sum(thread => thread.LostEntries + thread.LostExits + thread.Holes);

    /// <summary>Describes a trace.</summary>
    public static TraceInfo Of(TraceReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        TraceCatalog catalog = reader.Catalog;
        Dictionary<int, int> functions = catalog.Functions.Values.GroupBy(f => f.Module).ToDictionary(g => g.Key, g => g.Count());
        return new TraceInfo
        {
            Session = catalog.Session,
            IsComplete = reader.IsComplete,
            DurationNs = DurationOf(reader),
            MeasuredTscHz = FrequencyBy(catalog.Clocks),
            Processes = [.. catalog.Processes.Values.OrderBy(p => p.Id)],
            Threads = [.. ThreadsOf(reader).OrderByDescending(t => t.Events).ThenBy(t => t.Id)],
            Modules = [.. catalog.Modules.Values.OrderBy(m => m.Id).Select(m => (m, functions.GetValueOrDefault(m.Id)))],
            Arming = catalog.Arming,
            Layout = [.. reader.Chunks.GroupBy(c => c.Type).OrderBy(g => g.Key).Select(g => (g.Key, g.Count(), new ByteSize(g.Sum(c => c.Length.Value + TraceFormat.ChunkHeaderBytes))))],
            Functions = catalog.Functions.Count,
        };
    }

    static long? DurationOf(TraceReader reader)
    {
        if (!reader.EventChunks.Any() || !reader.Catalog.Clock.IsCalibrated) return null;
        ulong first = reader.EventChunks.Min(chunk => chunk.First.Value), last = reader.EventChunks.Max(chunk => chunk.Last.Value);
        return last < first ? null : reader.Catalog.Clock.ToNs(last - first);
    }

    static double? FrequencyBy(IReadOnlyList<ClockRecord> clocks)
    {
        if (clocks.Count < 2 || clocks[^1].Tsc <= clocks[0].Tsc || clocks[^1].Monotonic <= clocks[0].Monotonic) return null;
        return (clocks[^1].Tsc.Value - clocks[0].Tsc.Value) * 1e9 / (clocks[^1].Monotonic.Value - clocks[0].Monotonic.Value);
    }

    static IEnumerable<ThreadInfo> ThreadsOf(TraceReader reader)
    {
        TraceCatalog catalog = reader.Catalog;
        Dictionary<Tid, long> events = reader.EventChunks.GroupBy(chunk => chunk.Thread).ToDictionary(g => g.Key, g => g.Sum(chunk => (long)chunk.Count));
        foreach (Tid id in events.Keys.Union(catalog.Lost.Keys))
        {
            LostRecord lost = catalog.Lost.GetValueOrDefault(id);
            int process = catalog.Tasks.TryGetValue(id, out TaskRecord task) ? task.Process : 0;
            yield return new ThreadInfo(
                id, catalog.TidOf(id), catalog.Processes.TryGetValue(process, out ProcessRecord? record) ? record.Pid : catalog.Session.Target,
                catalog.Threads.TryGetValue(id, out ThreadRecord? thread) ? thread.Name : "", events.GetValueOrDefault(id), lost.Entries, lost.Exits, lost.Holes);
        }
    }
}
