namespace Calltap.Modules;

/// <summary>What a look at a target's modules has shown.</summary>
/// <param name="Gone">Modules in scope that are not mapped any more, or have been mapped anew since.</param>
/// <param name="Come">Modules in scope that are mapped now and were not, or have been mapped anew.</param>
/// <param name="Refused">Files in scope that have come and that nothing can be done with.</param>
sealed record ModuleChanges(
    IReadOnlyList<TargetModule> Gone, IReadOnlyList<TargetModule> Come, IReadOnlyList<(string Module, string Reason)> Refused)
{
    /// <summary>Compiled functions in whose place other code has come.</summary>
    public IReadOnlyList<TargetFunction> Replaced { get; init; } = [];

    /// <summary>Compiled functions that there is no room for.</summary>
    public int LeftOut { get; init; }
}
