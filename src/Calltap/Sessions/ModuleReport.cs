using Calltap.Modules;

namespace Calltap;

/// <summary>What came of a look at the modules that a target loads and unloads.</summary>
/// <param name="Gone">Modules in scope that are not mapped any more; one that was mapped anew where it was is among those that have come, too.</param>
/// <param name="Come">Modules in scope that are mapped now.</param>
/// <param name="Armed">What was armed: of modules that have come, and of those for which it failed before.</param>
/// <param name="Refused">Files in scope that have come and that nothing can be done with, each with the reason.</param>
/// <param name="Retired">Functions that were armed and are gone.</param>
/// <param name="Arming">How arming went; null when there was nothing to arm, or it failed.</param>
/// <param name="Failure">Why it failed: it will be tried again. Null when it did not.</param>
/// <param name="Steps">How long each step took up to the batch, whose own are in <paramref name="Arming"/>.</param>
public sealed record ModuleReport(
    IReadOnlyList<TargetModule> Gone, IReadOnlyList<TargetModule> Come, IReadOnlyList<ModuleArming> Armed,
    IReadOnlyList<(string Module, string Reason)> Refused, IReadOnlyList<FunctionId> Retired, ArmReport? Arming, string? Failure,
    IReadOnlyList<(string Step, TimeSpan Time)> Steps)
{
    /// <summary>Versions of .NET methods that were compiled since, and that the session has no room for.</summary>
    public int LeftOut { get; init; }
}
