namespace Calltap.Code;

/// <summary>All that is known of a module before its code is decoded.</summary>
/// <param name="Image">The module's bytes.</param>
/// <param name="Functions">The functions and the parts of unknown ones, sorted by address.</param>
/// <param name="CodeSections">The executable sections; functions outside them are refused.</param>
/// <param name="OtherTargets">Addresses that may be jumped to and that no branch shows: landing pads, labels, relocation targets.</param>
/// <param name="RefusedRanges">Code that must never be touched: rseq sections with their abort signature, PLT, nops of others.</param>
/// <param name="FentryTargets">
/// What a call to the profiling function of <c>-mfentry</c> goes to: its address, its PLT stub, or the GOT slot it is called through.
/// </param>
/// <param name="FaultsAreHandled">
/// The target catches SIGSEGV, SIGBUS or SIGFPE, so that someone may look up the pc of a fault: an instruction that can fault stays in place.
/// </param>
/// <param name="ShadowStack">The target runs with a shadow stack: a displaced call (push + jmp) would break it.</param>
/// <param name="GoCode">Go's own code: only entries are patched in it, at single instructions behind the check of the stack.</param>
public sealed record AnalysisInput(
    ICodeImage Image,
    IReadOnlyList<CodeFunction> Functions,
    IReadOnlyList<CodeRange> CodeSections,
    IReadOnlyList<ImageAddress> OtherTargets,
    IReadOnlyList<CodeRange> RefusedRanges,
    IReadOnlyList<ImageAddress> FentryTargets,
    bool FaultsAreHandled,
    bool ShadowStack,
    IReadOnlyList<CodeRange> GoCode)
{
    /// <summary>No instruction holds an absolute address: 32-bit numbers in code are numbers.</summary>
    public bool PositionIndependent { get; init; }
}
