namespace Calltap.Trace;

/// <summary>Tells when the absence of an exit event proves something.</summary>
public sealed class ExitCoverage
{
    readonly HashSet<FunctionId> _complete;
    readonly Dictionary<FunctionId, List<(TscTime Start, TscTime End)>> _changes = [];

    /// <summary>
    /// By the functions and poke batches of a trace. A call during which its exits began or ceased to be recorded could pass one unseen;
    /// <see cref="ArmingKind.Modified"/> says that they were recorded all the time.
    /// </summary>
    public ExitCoverage(IEnumerable<FunctionRecord> functions, IEnumerable<ArmingRecord> arming)
    {
        _complete = [.. functions.Where(f => f.Flags.HasFlag(FunctionFlags.AllExitsPatched)).Select(f => f.Id)];
        foreach (ArmingRecord batch in arming.Where(batch => batch.Kind is ArmingKind.Armed or ArmingKind.Disarmed))
            foreach (FunctionId function in batch.Functions)
                ChangesOf(function).Add((batch.Start, batch.End));
    }

    /// <summary>Whether every exit that <paramref name="function"/> took between the two times made an event.</summary>
    public bool IsComplete(FunctionId function, TscTime start, TscTime end) =>
        _complete.Contains(function)
        && !(_changes.TryGetValue(function, out List<(TscTime Start, TscTime End)>? changes)
            && changes.Exists(change => change.Start <= end && change.End >= start));

    List<(TscTime Start, TscTime End)> ChangesOf(FunctionId function)
    {
        if (!_changes.TryGetValue(function, out List<(TscTime, TscTime)>? changes))
            _changes.Add(function, changes = []);
        return changes;
    }
}
