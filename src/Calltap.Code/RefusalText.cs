namespace Calltap.Code;

/// <summary>The words shown for a <see cref="RefusalReason"/>.</summary>
public static class RefusalText
{
    /// <summary>A short English phrase, for tables and messages.</summary>
    public static string Text(this RefusalReason reason) => reason switch
    {
        RefusalReason.None => "not refused",
        RefusalReason.UnknownSize => "size unknown",
        RefusalReason.Unreadable => "unreadable",
        RefusalReason.TooShort => "too short",
        RefusalReason.BranchTargetInside => "branch target inside",
        RefusalReason.Undecodable => "undecodable",
        RefusalReason.LoopEntry => "loop entry",
        RefusalReason.IndirectJumpNotUnderstood => "indirect jump not understood",
        RefusalReason.RefusedRange => "rseq section, PLT or reserved nops",
        RefusalReason.CallInside => "call inside",
        RefusalReason.ShadowStack => "call under a shadow stack",
        RefusalReason.CallThroughStackPointer => "call through the stack pointer",
        RefusalReason.Overlaps => "overlaps another site",
        RefusalReason.SystemInstruction => "system instruction",
        RefusalReason.FarTransfer => "far transfer",
        RefusalReason.CountedJump => "loop or jrcxz instruction",
        RefusalReason.MayFault => "may fault, and the program handles faults",
        RefusalReason.AddressSizeOverride => "address-size override",
        RefusalReason.OutOfReach => "out of reach",
        RefusalReason.BranchIntoRegion => "branch into its own region",
        RefusalReason.NoRoom => "no room for the displaced code",
        RefusalReason.NotProvenEntry => "unnamed, and not proven to be called",
        RefusalReason.PartOfAnother => "part of another function",
        RefusalReason.GoRuntime => "go-runtime: part of the runtime",
        RefusalReason.GoUnchecked => "go-runtime: does not check its stack, which may have no room left",
        RefusalReason.GoNoInstruction => "go-runtime: no instruction of 5 bytes behind the check of its stack",
        RefusalReason.GoExit => "go-runtime: goroutines park within exits",
        RefusalReason.EnteredByNoCall => "entered by no call: replaces the rest of one",
        RefusalReason.DynamicMethod => "dynamic method: its memory is used again for others",
        RefusalReason.CollectibleAssembly => "in an assembly that may be unloaded",
        RefusalReason.FrameNotUnderstood => "frame not understood",
        RefusalReason.ArenaFull => "no room left in the arena",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };
}
