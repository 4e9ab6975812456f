using Calltap.Cli.Output;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Cli.Commands;

/// <summary>What came of arming, in words.</summary>
static class ArmText
{
    const int Reasons = 3;

    /// <summary>The line that says that every site is in place.</summary>
    public static string Of(ArmReport report, FunctionCatalog catalog, IEnumerable<Op> ops)
    {
        string exits = "";
        bool exitsMatter = ops.Any(op => op.Kind == OpKind.Graph);
        int uncovered = exitsMatter ? report.Changed.Count(c => !catalog.Functions[c.Function.Value].Plan.AllExitsPatchable) : 0;
        if (uncovered > 0) exits = $"; {Texts.Count(uncovered)} with exits that can't be patched";
        string refused = "";
        if (report.Refused.Count > 0)
        {
            refused = $"; left out: {LeftOut(report.Refused.CountBy(r => r.Reason))}";
        }
        // Plain digits: scripts wait for this line.
        return $"armed {report.Armed} of {report.Wanted} functions in {report.Batch.Time.TotalMilliseconds:0.0} ms{exits}{refused}";
    }

    /// <summary>How many were left out for which reasons, the most frequent of them.</summary>
    public static string LeftOut(IEnumerable<KeyValuePair<string, int>> reasons) =>
        string.Join(", ", reasons.OrderByDescending(reason => reason.Value).Take(Reasons).Select(reason => $"{Texts.Count(reason.Value)} {reason.Key}"));
}
