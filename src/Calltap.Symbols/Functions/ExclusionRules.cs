namespace Calltap.Symbols;

/// <summary>Marks the candidates that are not functions with the reason; the first rule that applies wins.</summary>
internal sealed class ExclusionRules(ElfFile file, CodeMap plt, LandingPads.Result landingPads)
{
    // Old linkers set e_entry of libraries to the start of .text, which is some ordinary function.
    private readonly bool _isProgram = !file.IsPositionIndependent || file.HasSegment(ElfConstants.PtInterp);

    public void Apply(List<Candidate> candidates)
    {
        foreach (var candidate in candidates)
            candidate.Reason ??= ReasonFor(candidate);
        ExcludeNested(candidates);
    }

    private string? ReasonFor(Candidate candidate)
    {
        if (plt.Contains(candidate.Address) || (file.Sections.Count == 0 && candidate.Name is null && LooksLikePlt(candidate.Address)))
            return ExclusionReasons.PltStub;
        if (candidate.Fde is { IsSignalFrame: true })
            return ExclusionReasons.SignalTrampoline;
        if (candidate.Address == file.EntryPoint && (_isProgram || candidate.Fde is { StartsLikeCall: false }))
            return ExclusionReasons.EntryPoint;
        if ((SpecialFunctions.ReasonFor(candidate) ?? SpecialCode.ReasonFor(file.BytesFrom(candidate.Address).Span)) is { } special)
            return special;
        if (!candidate.IsCold && candidate.Fde is { StartsLikeCall: false })
            return ExclusionReasons.FrameAtStart;
        return landingPads.UnreadableStarts.Contains(candidate.Address) ? ExclusionReasons.UnreadableExceptionTable : null;
    }

    // [endbr64] [bnd] jmp [rip+x]
    private bool LooksLikePlt(ulong address)
    {
        var code = file.BytesFrom(address).Span;
        if (code.StartsWith((ReadOnlySpan<byte>)[0xF3, 0x0F, 0x1E, 0xFA]))
            code = code[4..];
        if (code.Length > 0 && code[0] == 0xF2)
            code = code[1..];
        return code.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x25]);
    }

    private static void ExcludeNested(List<Candidate> candidates)
    {
        Candidate? owner = null;
        foreach (var candidate in candidates)
        {
            if (owner is not null && candidate.Address < owner.End && !Shorten(owner, candidate))
                candidate.Reason ??= ExclusionReasons.InsideAnother;
            else
                owner = candidate;
        }
    }

    // A symbol whose size is too large (assembly) must not swallow the functions behind it: unwind data of both decide.
    private static bool Shorten(Candidate owner, Candidate inner)
    {
        if (owner.Fde is not { } fde || inner.Fde is null || fde.End > inner.Address)
            return false;
        owner.Size = fde.Size;
        return true;
    }
}
