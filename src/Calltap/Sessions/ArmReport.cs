using Calltap.Modules;
using Calltap.Patching;

namespace Calltap;

/// <summary>What came of adding or removing an op.</summary>
/// <param name="Armed">Functions that some op wants and that are armed now.</param>
/// <param name="Wanted">Functions that some op wants.</param>
/// <param name="Refused">Wanted functions that are not armed, each with the reason.</param>
/// <param name="Changed">Functions whose ops changed, and what that does to their events.</param>
/// <param name="Batch">How the window went.</param>
public sealed record ArmReport(
    int Armed, int Wanted, IReadOnlyList<(TargetFunction Function, string Reason)> Refused,
    IReadOnlyList<FunctionChange> Changed, BatchResult Batch)
{
    /// <summary>Sites that should have got their own bytes back and have not; those whose module is gone have nothing to get back.</summary>
    public int Unrestored => Batch.Refused.Count(site => site.State != SiteState.Original);
}
