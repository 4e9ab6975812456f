using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>A change of ops as the trace file tells it.</summary>
static class ArmingRecords
{
    /// <summary>One record for each kind of change; the first has the numbers of the whole batch.</summary>
    public static IEnumerable<ArmingRecord> Of(ArmReport report, TscTime start, TscTime end)
    {
        (int sites, int traps) = (report.Batch.Poked, (int)report.Batch.Traps.Hits);
        foreach (IGrouping<ArmingKind, FunctionChange> change in report.Changed.GroupBy(c => c.Kind))
        {
            yield return new ArmingRecord(change.Key, start, end, sites, traps, [.. change.Select(c => c.Function)]);
            (sites, traps) = (0, 0);
        }
    }
}
