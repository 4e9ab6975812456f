using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Finds the region at a function's entry: whole instructions covering at least 5 bytes, from the address or right behind its endbr64.</summary>
internal sealed class EntryClassifier(FunctionScope scope)
{
    private OffsetSet _starts;
    private int _length;
    private DecodedInstruction _last;
    private int _count;

    /// <summary>The entry site, or null and the reason.</summary>
    internal SitePlan? Classify(out RefusalReason refusal)
    {
        ReadOnlySpan<DecodedInstruction> all = scope.Code.Of(0);
        int first = !all.IsEmpty && all[0].Kind == InstructionKind.EndBranch ? 1 : 0;
        if (first >= all.Length)
        {
            refusal = RefusalReason.TooShort;
            return null;
        }

        ImageAddress start = all[first].Address;
        refusal = IsLoop(start) ? RefusalReason.LoopEntry : Extend(all[first..]);
        if (refusal != RefusalReason.None)
            return null;
        bool exits = IsExit(_last);
        int region = Math.Max(_length, _length + Missing(first));
        refusal = Refusal(start, region, all.Slice(first, _count));
        if (refusal != RefusalReason.None)
            return null;
        bool returns = !exits && first + _count < all.Length && all[first + _count] is { Kind: InstructionKind.Return, Length: 1 };
        return Site(start, region, all[first], exits) with { ReturnFollows = returns };
    }

    private int Missing(int first) =>
        _length >= FunctionScope.JumpLength || !InstructionKinds.EndsFlow(_last.Kind) ? 0
        : scope.PaddingBehind(0, first + _count - 1, FunctionScope.JumpLength - _length);

    // Jumps from other functions to the entry are tail calls, calls from this one recursion; jumps from this one are a loop.
    private bool IsLoop(ImageAddress start)
    {
        foreach (DecodedInstruction instruction in scope.Code.All)
        {
            if (InstructionKinds.IsDirectJump(instruction.Kind) && (instruction.Target == scope.Entry || instruction.Target == start))
                return true;
        }

        return scope.Flow.SwitchToEntry;
    }

    private RefusalReason Extend(ReadOnlySpan<DecodedInstruction> instructions)
    {
        foreach (DecodedInstruction instruction in instructions)
        {
            if (_count > 0 && InstructionKinds.EndsFlow(_last.Kind))
                break;
            if (_last.Kind is InstructionKind.Call or InstructionKind.IndirectCall && _count > 0)
                return RefusalReason.CallInside;
            if (_count > 0)
                _starts = _starts.With(_length);
            _last = instruction;
            _length += instruction.Length;
            _count++;
            if (_length >= FunctionScope.JumpLength)
                break;
        }

        return RefusalReason.None;
    }

    private RefusalReason Refusal(ImageAddress start, int region, ReadOnlySpan<DecodedInstruction> instructions)
    {
        if (region < FunctionScope.JumpLength)
            return RefusalReason.TooShort;
        RefusalReason reason = scope.CheckRegion(start, region);
        if (reason == RefusalReason.None && _count > 1)
            reason = scope.SeveralRefused;
        // A call to the profiling function is replaced, not displaced.
        bool displaced = _count > 1 || !IsFentryCall(instructions[0]);
        return reason == RefusalReason.None && displaced ? scope.CheckInstructions(0, instructions) : reason;
    }

    private bool IsExit(in DecodedInstruction instruction) => instruction.Kind switch
    {
        InstructionKind.Return => true,
        InstructionKind.Jump => !scope.Code.Contains(instruction.Target),
        InstructionKind.IndirectJump => scope.MeaningOf(instruction.Address) == IndirectJumpMeaning.TailCall,
        _ => false,
    };

    private SitePlan Site(ImageAddress start, int region, in DecodedInstruction first, bool exits)
    {
        scope.Code.Seek(scope.Code.Parts[0], start);
        bool flagsDead = FlagLiveness.DeadFrom(scope.Code.Reader);
        int transfer = exits ? _length - _last.Length : _length;
        ImageAddress? tail = exits && _last.Kind == InstructionKind.Jump ? _last.Target : null;
        return new(start, region, SiteKind.Entry, ClassOf(first), _starts, transfer, _length, tail, flagsDead, exits) { Original = scope.BytesOf(start, region) };
    }

    private SiteClass ClassOf(in DecodedInstruction first) =>
        _count > 1 ? SiteClass.SeveralInstructions
        : first.Kind == InstructionKind.Nop ? SiteClass.Nop5
        : IsFentryCall(first) ? SiteClass.FentryCall
        : _length < FunctionScope.JumpLength ? SiteClass.ReturnWithPadding
        : SiteClass.SingleInstruction;

    private bool IsFentryCall(in DecodedInstruction first)
    {
        if (scope.Facts.FentryTargets.Count == 0)
            return false;
        if (first.Kind == InstructionKind.Call)
            return scope.Facts.FentryTargets.Contains(first.Target);
        if (first.Kind != InstructionKind.IndirectCall)
            return false;
        scope.Code.Seek(scope.Code.Parts[0], first.Address);
        scope.Code.Reader.TryRead(out Instruction call);
        return call.IsIPRelativeMemoryOperand && scope.Facts.FentryTargets.Contains(new(call.IPRelativeMemoryAddress));
    }
}
