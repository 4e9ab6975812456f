namespace Calltap.Code.Emit;

/// <summary>The out-of-line code of one site.</summary>
/// <param name="Start">What the site's jump leads to.</param>
/// <param name="Displaced">
/// Where the displaced instructions start: what a thread runs that must see the original code while the site changes.
/// </param>
/// <param name="Interior">
/// For each instruction start inside the region, in the order of <see cref="SitePlan.InteriorStarts"/>, where a
/// thread found there goes on.
/// </param>
public sealed record Stub(TargetAddress Start, TargetAddress Displaced, IReadOnlyList<TargetAddress> Interior);
