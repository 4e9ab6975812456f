namespace Calltap.Trace;

/// <summary>A function in two reports; null in the one that does not have it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Module">File name of its module.</param>
/// <param name="Before">In the first.</param>
/// <param name="After">In the second.</param>
public sealed record ReportDifference(string Name, string Module, FunctionReport? Before, FunctionReport? After)
{
    /// <summary>The functions of both reports by name and module. Those that a report has several times under one name are told apart by their order.</summary>
    public static IReadOnlyList<ReportDifference> Between(TraceReport before, TraceReport after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        Dictionary<(string, string, int), FunctionReport> first = Keyed(before), second = Keyed(after);
        return [.. first.Keys.Union(second.Keys).Select(key => new ReportDifference(key.Item1, key.Item2, first.GetValueOrDefault(key), second.GetValueOrDefault(key)))];
    }

    /// <summary>How much a number has grown; a function that is missing has none, one whose time is not known has no change.</summary>
    public long? Of(Func<FunctionReport, long?> number)
    {
        ArgumentNullException.ThrowIfNull(number);
        long? before = Before is null ? 0 : number(Before), after = After is null ? 0 : number(After);
        return after - before;
    }

    static Dictionary<(string, string, int), FunctionReport> Keyed(TraceReport report)
    {
        var keyed = new Dictionary<(string, string, int), FunctionReport>();
        foreach (FunctionReport function in report.Functions.OrderBy(f => f.Calls))
        {
            int number = 0;
            while (!keyed.TryAdd((function.Name, function.Module, number), function)) number++;
        }
        return keyed;
    }
}
