using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>The orders in which a report can be shown: by name rising, by anything else falling.</summary>
static class ReportOrder
{
    /// <summary>The order when none is asked for.</summary>
    public const string Default = "total";

    static readonly Dictionary<string, Func<FunctionReport, long?>> s_keys = new()
    {
        ["calls"] = f => f.Calls,
        ["total"] = f => f.TotalNs,
        ["self"] = f => f.SelfNs,
        ["min"] = f => f.MinNs,
        ["avg"] = f => f.AvgNs,
        ["max"] = f => f.MaxNs,
        ["p50"] = f => f.P50Ns,
        ["p99"] = f => f.P99Ns,
    };

    /// <summary>What may be asked for.</summary>
    public static string[] Keys { get; } = [.. s_keys.Keys, "name"];

    /// <summary>The report with its lines in order, the first <paramref name="top"/> of them.</summary>
    public static TraceReport Sorted(TraceReport report, string key, int top)
    {
        IEnumerable<FunctionReport> functions = key == "name"
            ? report.Functions.OrderBy(f => f.Name, StringComparer.Ordinal)
            : report.Functions.OrderByDescending(f => s_keys[key](f) ?? -1);
        return report with { Functions = [.. functions.Take(top)] };
    }
}
