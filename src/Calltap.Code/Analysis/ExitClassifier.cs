namespace Calltap.Code.Analysis;

/// <summary>Finds every exit of a function and a region for each: the transfer alone, with padding, or with instructions before it.</summary>
internal sealed class ExitClassifier(FunctionScope scope, SitePlan? entry)
{
    private readonly List<SitePlan> _sites = [];
    private readonly List<RefusedExit> _refused = [];
    private ImageAddress _free;

    /// <summary>The patchable exits.</summary>
    internal IReadOnlyList<SitePlan> Sites => _sites;

    /// <summary>The others.</summary>
    internal IReadOnlyList<RefusedExit> Refused => _refused;

    /// <summary>All exits, one combined with the entry included.</summary>
    internal int Count { get; private set; }

    /// <summary>Whether jumps lead into code of which it is not known whose part it is, and which may return for this function.</summary>
    internal bool LeadToUnknownParts { get; private set; }

    internal void Classify()
    {
        for (int part = 0; part < scope.Code.Parts.Length; part++)
        {
            _free = part == 0 && entry is not null ? entry.End : scope.Code.Parts[part].Start;
            ReadOnlySpan<DecodedInstruction> instructions = scope.Code.Of(part);
            for (int i = 0; i < instructions.Length; i++)
            {
                if (KindOf(instructions[i]) is not { } kind || IsIntoUnknownPart(instructions[i]))
                    continue;
                Count++;
                if (entry is not { CombinedExit: true } || instructions[i].Address != entry.Address + entry.TransferOffset)
                    Add(part, i, kind);
            }
        }
    }

    private SiteKind? KindOf(in DecodedInstruction instruction) => instruction.Kind switch
    {
        InstructionKind.Return or InstructionKind.FarTransfer => SiteKind.Return,
        InstructionKind.Jump when !scope.Code.Contains(instruction.Target) => SiteKind.TailJump,
        InstructionKind.ConditionalJump or InstructionKind.CountedJump when !scope.Code.Contains(instruction.Target) => SiteKind.ConditionalTailJump,
        InstructionKind.IndirectJump when scope.MeaningOf(instruction.Address) == IndirectJumpMeaning.TailCall => SiteKind.TailJump,
        _ => null,
    };

    private bool IsIntoUnknownPart(in DecodedInstruction instruction)
    {
        bool into = InstructionKinds.HasTarget(instruction.Kind) && scope.Facts.Starts.IsUnknownPart(instruction.Target);
        LeadToUnknownParts |= into;
        return into;
    }

    private void Add(int part, int index, SiteKind kind)
    {
        DecodedInstruction transfer = scope.Code.Of(part)[index];
        RefusalReason reason = Region(part, index, kind, out SitePlan? site);
        if (site is null)
        {
            _refused.Add(new(transfer.Address, reason));
            return;
        }

        _sites.Add(site);
        _free = site.End;
    }

    private RefusalReason Region(int part, int index, SiteKind kind, out SitePlan? site)
    {
        site = null;
        DecodedInstruction transfer = scope.Code.Of(part)[index];
        if (transfer.Kind == InstructionKind.CountedJump)
            return RefusalReason.CountedJump;
        if (transfer.Kind == InstructionKind.FarTransfer)
            return RefusalReason.FarTransfer;
        if (transfer.Address < _free)
            return RefusalReason.Overlaps;
        int wanted = Math.Max(0, FunctionScope.JumpLength - transfer.Length);
        int padding = kind == SiteKind.ConditionalTailJump ? 0 : scope.PaddingBehind(part, index, wanted);
        RefusalReason alone = padding < wanted ? RefusalReason.TooShort : scope.CheckRegion(transfer.Address, transfer.Length + padding);
        if (alone == RefusalReason.None)
            alone = scope.CheckInstructions(part, scope.Code.Of(part).Slice(index, 1));
        if (alone == RefusalReason.None)
        {
            site = Site(transfer, transfer.Address, padding, kind, default, padding > 0 ? SiteClass.ReturnWithPadding : SiteClass.SingleInstruction);
            return RefusalReason.None;
        }

        if (alone is not (RefusalReason.TooShort or RefusalReason.BranchTargetInside) || transfer.Length >= FunctionScope.JumpLength)
            return alone;
        // Padding that is a branch target is code after all.
        return WithInstructionsBefore(part, index, kind, alone == RefusalReason.TooShort ? padding : 0, out site);
    }

    private RefusalReason WithInstructionsBefore(int part, int index, SiteKind kind, int padding, out SitePlan? site)
    {
        site = null;
        if (scope.SeveralRefused != RefusalReason.None)
            return scope.SeveralRefused;
        ReadOnlySpan<DecodedInstruction> instructions = scope.Code.Of(part);
        DecodedInstruction transfer = instructions[index];
        int first = index;
        RefusalReason reason;
        while (transfer.End - instructions[first].Address + padding < FunctionScope.JumpLength)
        {
            reason = CheckBefore(instructions, first);
            if (reason != RefusalReason.None)
                return reason;
            first--;
        }

        ImageAddress start = instructions[first].Address;
        padding = Math.Min(padding, Math.Max(0, FunctionScope.JumpLength - (int)(transfer.End - start)));
        reason = scope.CheckRegion(start, (int)(transfer.End - start) + padding);
        if (reason == RefusalReason.None)
            reason = scope.CheckInstructions(part, instructions[first..(index + 1)]);
        if (reason == RefusalReason.None)
            site = Site(transfer, start, padding, kind, Starts(instructions[first..(index + 1)]), SiteClass.ExitWithInstructionsBefore);
        return reason;
    }

    // Whether the region may grow by the instruction before the one at first.
    private RefusalReason CheckBefore(ReadOnlySpan<DecodedInstruction> instructions, int first)
    {
        if (first == 0)
            return RefusalReason.TooShort;
        if (scope.Facts.Targets.Contains(instructions[first].Address))
            return RefusalReason.BranchTargetInside;
        DecodedInstruction before = instructions[first - 1];
        if (before.Address < _free)
            return RefusalReason.Overlaps;
        return before.Kind switch
        {
            // A conditional jump out of the region (into it is refused as a branch target inside) is re-encoded and goes before the exit is recorded.
            InstructionKind.Plain or InstructionKind.Nop or InstructionKind.ConditionalJump => RefusalReason.None,
            InstructionKind.Call or InstructionKind.IndirectCall => RefusalReason.CallInside,
            InstructionKind.System or InstructionKind.Breakpoint => RefusalReason.SystemInstruction,
            InstructionKind.Invalid => RefusalReason.Undecodable,
            _ => RefusalReason.TooShort,
        };
    }

    private static OffsetSet Starts(ReadOnlySpan<DecodedInstruction> instructions)
    {
        OffsetSet starts = default;
        foreach (DecodedInstruction instruction in instructions[1..])
            starts = starts.With((int)(instruction.Address - instructions[0].Address));
        return starts;
    }

    private SitePlan Site(in DecodedInstruction transfer, ImageAddress start, int padding, SiteKind kind, OffsetSet starts, SiteClass siteClass)
    {
        int offset = (int)(transfer.Address - start);
        ImageAddress? target = transfer.Kind == InstructionKind.IndirectJump || kind == SiteKind.Return ? null : transfer.Target;
        int code = offset + transfer.Length;
        return new(start, code + padding, kind, siteClass, starts, offset, code, target, FlagsDeadAtEntry: false, CombinedExit: false)
        {
            Original = scope.BytesOf(start, code + padding),
        };
    }
}
