namespace Calltap.Code;

/// <summary>An exit that was found and is not patched.</summary>
/// <param name="Address">The <c>ret</c> or jump.</param>
/// <param name="Reason">Why.</param>
public readonly record struct RefusedExit(ImageAddress Address, RefusalReason Reason)
{
    /// <summary>The site that a breakpoint makes of it, which costs each call a trap: only for whoever asks for it. Null where none may stand.</summary>
    public SitePlan? Breakpoint { get; init; }
}
