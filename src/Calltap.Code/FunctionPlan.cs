namespace Calltap.Code;

/// <summary>What can be patched of one function.</summary>
/// <param name="FunctionIndex">Its index in <see cref="AnalysisInput.Functions"/>.</param>
/// <param name="Entry">The entry site, or null when refused.</param>
/// <param name="EntryRefusal">Why there is no entry site; <see cref="RefusalReason.None"/> when there is one.</param>
/// <param name="Exits">The exit sites by address within each part; a combined exit is in <paramref name="Entry"/> instead.</param>
/// <param name="ExitCount">All exits found, patchable or not, the combined one included.</param>
/// <param name="RefusedExits">The exits found and not patchable.</param>
/// <param name="HasUnknownExits">There may be exits that were not found: undecodable code, an indirect jump not understood, a fall-through.</param>
public sealed record FunctionPlan(
    int FunctionIndex,
    SitePlan? Entry,
    RefusalReason EntryRefusal,
    IReadOnlyList<SitePlan> Exits,
    int ExitCount,
    IReadOnlyList<RefusedExit> RefusedExits,
    bool HasUnknownExits)
{
    /// <summary>Go's own code: a call may begin with one thread on one stack, and go on with another on another.</summary>
    public bool IsGo { get; init; }

    /// <summary>Whether every way out of the function is known and patchable.</summary>
    public bool AllExitsPatchable => !HasUnknownExits && RefusedExits.Count == 0;

    /// <summary>The same with a breakpoint at each exit that no jump fits at and one may stand for.</summary>
    public FunctionPlan WithBreakpoints()
    {
        SitePlan[] more = [.. RefusedExits.Select(exit => exit.Breakpoint).OfType<SitePlan>()];
        return more.Length == 0 ? this : this with
        {
            Exits = [.. Exits.Concat(more).OrderBy(exit => exit.Address)],
            RefusedExits = [.. RefusedExits.Where(exit => exit.Breakpoint is null)],
        };
    }
}
