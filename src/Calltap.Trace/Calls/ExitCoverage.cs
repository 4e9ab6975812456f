using System.Collections;

namespace Calltap.Trace;

/// <summary>Tells when the absence of an exit event proves something.</summary>
public sealed class ExitCoverage
{
    readonly BitArray _complete;
    readonly Dictionary<FunctionId, List<(TscTime Start, TscTime End)>> _changes = [];

    /// <summary>
    /// By the functions and poke batches of a trace. A call during which its exits began or ceased to be recorded could pass one unseen;
    /// <see cref="ArmingKind.Modified"/> says that they were recorded all the time.
    /// </summary>
    public ExitCoverage(IEnumerable<FunctionRecord> functions, IEnumerable<ArmingRecord> arming)
    {
        int[] complete = [.. functions.Where(f => f.Flags.HasFlag(FunctionFlags.AllExitsPatched)).Select(f => f.Id.Value)];
        _complete = new BitArray(complete.Length == 0 ? 0 : complete.Max() + 1);
        foreach (int function in complete)
            _complete[function] = true;
        foreach (ArmingRecord batch in arming.Where(batch => batch.Kind is ArmingKind.Armed or ArmingKind.Disarmed))
            foreach (FunctionId function in batch.Functions)
                if (batch.Start <= batch.End)
                    ChangesOf(function).Add((batch.Start, batch.End));
        foreach (List<(TscTime Start, TscTime End)> changes in _changes.Values)
            Merge(changes);
    }

    /// <summary>By what a trace file says.</summary>
    internal ExitCoverage(TraceCatalog catalog)
        : this(catalog.Functions.Values, catalog.Arming)
    {
    }

    /// <summary>Whether every exit that <paramref name="function"/> took between the two times made an event.</summary>
    public bool IsComplete(FunctionId function, TscTime start, TscTime end) =>
        HasAllExits(function) && !(_changes.TryGetValue(function, out List<(TscTime Start, TscTime End)>? changes) && IsWithin(changes, start, end));

    /// <summary>How long a call that began at <paramref name="start"/> and of which no exit was seen is known to have been open: <paramref name="end"/> at most.</summary>
    public TscTime OpenUntil(FunctionId function, TscTime start, TscTime end)
    {
        if (!HasAllExits(function) || end < start)
            return start;
        if (!_changes.TryGetValue(function, out List<(TscTime Start, TscTime End)>? changes) || Next(changes, start) is not { } change || change.Start > end)
            return end;
        return change.Start > start ? change.Start : start;
    }

    bool HasAllExits(FunctionId function) => function.Value < _complete.Length && _complete[function.Value];

    static bool IsWithin(List<(TscTime Start, TscTime End)> changes, TscTime start, TscTime end) => Next(changes, start) is { } change && change.Start <= end;

    // The first that ends at or behind a time. A file may tell of millions of changes and ask for every call: the sorted spans are disjoint, so one of them decides.
    static (TscTime Start, TscTime End)? Next(List<(TscTime Start, TscTime End)> changes, TscTime start)
    {
        int low = 0, high = changes.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (changes[middle].End < start)
                low = middle + 1;
            else
                high = middle;
        }

        return low < changes.Count ? changes[low] : null;
    }

    static void Merge(List<(TscTime Start, TscTime End)> changes)
    {
        changes.Sort();
        int kept = 0;
        foreach ((TscTime start, TscTime end) in changes.ToArray())
        {
            if (kept > 0 && start <= changes[kept - 1].End)
                changes[kept - 1] = (changes[kept - 1].Start, end > changes[kept - 1].End ? end : changes[kept - 1].End);
            else
                changes[kept++] = (start, end);
        }

        changes.RemoveRange(kept, changes.Count - kept);
    }

    List<(TscTime Start, TscTime End)> ChangesOf(FunctionId function)
    {
        if (!_changes.TryGetValue(function, out List<(TscTime, TscTime)>? changes))
            _changes.Add(function, changes = []);
        return changes;
    }
}
