using Calltap.LiveTests.Engine;
using Calltap.Modules;
using Calltap.Trace;

namespace Calltap.LiveTests.Harmless;

/// <summary>What the program says of its own calls (harm.h): the oracle of the recorded tree.</summary>
sealed class Trail
{
    readonly Dictionary<Tid, List<(FunctionId Function, int Depth)>> _entries = [];
    readonly Dictionary<Tid, Dictionary<FunctionId, long>> _returns = [];

    Trail()
    {
    }

    /// <summary>Calls that began.</summary>
    public long Entries => _entries.Values.Sum(e => e.Count);

    /// <summary>Calls that were left otherwise than by returning.</summary>
    public long Left => Entries - _returns.Values.Sum(r => r.Values.Sum());

    /// <summary>Calls of each function that began, and that returned, in all threads.</summary>
    public Dictionary<FunctionId, (long Entries, long Returns)> Totals => _entries.Values.SelectMany(e => e).GroupBy(e => e.Function)
        .ToDictionary(g => g.Key, g => (g.LongCount(), _returns.Values.Sum(r => r.GetValueOrDefault(g.Key))));

    /// <summary>Reads the rows of the program's threads, which rest now.</summary>
    public static Trail Read(HarmProgram program, FunctionCatalog catalog)
    {
        var trail = new Trail();
        var functions = new Dictionary<long, FunctionId>();
        for (int thread = 0; thread < HarmProgram.Threads; thread++)
        {
            long[] row = program.Control.Counts(thread);
            Assert.True(row[1] == 0, "a trail is too long for its row");
            for (int i = 2; i < row[0]; i += 2)
            {
                if (!functions.TryGetValue(row[i + 1], out FunctionId function))
                    functions.Add(row[i + 1], function = FunctionAt(catalog, (ulong)row[i + 1]));
                trail.Add(new Tid((int)(row[i] >>> 32)), function, (int)((uint)row[i] >> 1), (row[i] & 1) != 0);
            }
        }
        return trail;
    }

    /// <summary>One return more than there was: to show that a comparison can fail.</summary>
    public void AddReturn() => _returns.Values.First(r => r.Count > 0)[_returns.Values.First(r => r.Count > 0).Keys.First()]++;

    /// <summary>The last call of a thread deeper by one than it was: to show that a comparison can fail.</summary>
    public void Deepen()
    {
        List<(FunctionId Function, int Depth)> entries = _entries.Values.First();
        entries[^1] = (entries[^1].Function, entries[^1].Depth + 1);
    }

    /// <summary>The recorded calls are these: each thread's in their order, at their depth, and each ended as it did.</summary>
    /// <param name="calls">The trace, with sequences.</param>
    /// <returns>What differs; null when nothing does.</returns>
    public string? Difference(RecordedCalls calls)
    {
        foreach ((Tid tid, List<(FunctionId Function, int Depth)> expected) in _entries)
        {
            if (!calls.Threads.Contains(tid)) return $"thread {tid} is missing";
            List<(FunctionId, int)> actual = [.. calls.SequenceOf(tid).Where(e => e.Entry).Select(e => (e.Function, e.Depth))];
            int same = 0;
            while (same < Math.Min(actual.Count, expected.Count) && actual[same] == expected[same]) same++;
            if (same < Math.Max(actual.Count, expected.Count))
                return $"call {same} of thread {tid}, behind {TextAt(calls, expected, same - 1)}: recorded {TextAt(calls, actual, same)}, made {TextAt(calls, expected, same)}";
            if (EndsDifference(calls, tid) is { } ends) return ends;
        }
        return null;
    }

    /// <summary>The recorded calls are as many as these, of each function, and as many of them returned.</summary>
    public string? DifferenceOfTotals(RecordedCalls calls)
    {
        Dictionary<(FunctionId, EndedBy), long> ends = calls.Ends;
        foreach ((FunctionId function, (long entries, long returns)) in Totals)
        {
            long recorded = calls.EntriesOf(function), exits = ends.GetValueOrDefault((function, EndedBy.Exit));
            if (recorded != entries || exits != returns) return $"{calls.Catalog.NameOf(function)}: recorded {recorded} calls with {exits} exits, made {entries} with {returns}";
        }
        return null;
    }

    string? EndsDifference(RecordedCalls calls, Tid tid)
    {
        foreach (IGrouping<FunctionId, (FunctionId Function, int Depth)> calledOnes in _entries[tid].GroupBy(e => e.Function))
        {
            long returns = _returns[tid].GetValueOrDefault(calledOnes.Key), left = calledOnes.Count() - returns;
            long Ended(EndedBy how) => calls.EndsOf(tid).GetValueOrDefault((calledOnes.Key, how));
            // A thread that ends in the midst of its calls shows nothing behind them.
            if (Ended(EndedBy.Exit) != returns || Ended(EndedBy.Unwind) + Ended(EndedBy.Unknown) != left || (Ended(EndedBy.Unknown) > 0 && returns > 0 && left == 0))
                return $"{calls.Catalog.NameOf(calledOnes.Key)} in thread {tid}: {Ended(EndedBy.Exit)} exits, {Ended(EndedBy.Unwind)} unwound, {Ended(EndedBy.Unknown)} unknown; {returns} returned, {left} were left";
        }
        return null;
    }

    void Add(Tid tid, FunctionId function, int depth, bool returns)
    {
        if (!_entries.ContainsKey(tid)) (_entries[tid], _returns[tid]) = ([], []);
        if (returns) _returns[tid][function] = _returns[tid].GetValueOrDefault(function) + 1;
        else _entries[tid].Add((function, depth));
    }

    static string TextAt(RecordedCalls calls, List<(FunctionId Function, int Depth)> entries, int index) =>
        index >= 0 && index < entries.Count ? $"{calls.Catalog.NameOf(entries[index].Function)} at depth {entries[index].Depth}" : "nothing";

    static FunctionId FunctionAt(FunctionCatalog catalog, ulong address)
    {
        TargetFunction function = catalog.Functions.Where(f => f.Address.Value <= address).MaxBy(f => f.Address.Value)!;
        Assert.True(address - function.Address.Value <= (ulong)function.Symbol.Size.Value, $"no function at {address:x}");
        return function.Id;
    }
}
