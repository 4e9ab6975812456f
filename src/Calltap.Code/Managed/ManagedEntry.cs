using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>
/// Finds the region at a method's first byte. A plain jump there unwinds as it should: the runtime takes it for a tail call's, and nothing has been pushed yet.
/// </summary>
internal sealed class ManagedEntry(ManagedCode code, ManagedFrame frame, ManagedTraits traits)
{
    private OffsetSet _starts;
    private int _length;
    private int _count;
    private bool _mayFault;

    /// <summary>The entry's site, or null and the reason.</summary>
    internal SitePlan? Classify(out RefusalReason refusal)
    {
        refusal = Refusal();
        if (refusal != RefusalReason.None)
            return null;
        Instruction last = code.All[_count - 1];
        bool exits = IsExit(last);
        int region = Math.Max(_length, SitePlan.JumpLength);
        int transfer = exits ? _length - last.Length : _length;
        ImageAddress? tail = exits && InstructionKinds.Of(last) == InstructionKind.Jump ? new ImageAddress(last.NearBranchTarget) : null;
        return new SitePlan(code.At(0), region, SiteKind.Entry, ClassOf(), _starts, transfer, _length, tail, FlagsDeadAtEntry: true, exits)
        {
            Original = RegionBytes.From(code.Bytes(0, region)),
            MayFault = _mayFault,
        };
    }

    private RefusalReason Refusal()
    {
        if (code.All.Count == 0 || code.IsLost)
            return RefusalReason.Undecodable;
        if (code.HasJumpNotUnderstood)
            return RefusalReason.IndirectJumpNotUnderstood;
        if (HasLoop())
            return RefusalReason.LoopEntry;
        RefusalReason reason = Extend();
        if (reason != RefusalReason.None)
            return reason;
        bool padded = _length + (InstructionKinds.EndsFlow(KindOf(_count - 1)) && _length == code.Method.Size ? code.Padding(SitePlan.JumpLength) : 0) >= SitePlan.JumpLength;
        return padded ? RefusalReason.None : RefusalReason.TooShort;
    }

    // A call of the method's start is recursion, a jump is a loop.
    private bool HasLoop() => code.All.Exists(instruction => InstructionKinds.IsDirectJump(InstructionKinds.Of(instruction)) && instruction.NearBranchTarget == code.Method.Address.Value);

    private RefusalReason Extend()
    {
        for (; _count < code.All.Count && _length < SitePlan.JumpLength; _count++)
        {
            Instruction instruction = code.All[_count];
            InstructionKind kind = KindOf(_count);
            if (_count > 0 && InstructionKinds.EndsFlow(KindOf(_count - 1)))
                break;
            if (_count > 0 && code.IsReturn(_length))
                return RefusalReason.CallInside;
            if (_count > 0 && code.IsTarget(_length))
                return RefusalReason.BranchTargetInside;
            RefusalReason reason = ManagedRules.Check(instruction, kind, traits);
            if (reason != RefusalReason.None)
                return reason;
            bool faults = ManagedRules.MayFault(instruction, kind, _length >= frame.FramePointerAt);
            if (faults && !traits.ForwardsFaults)
                return RefusalReason.MayFault;
            _mayFault |= faults;
            if (_count > 0)
                _starts = _starts.With(_length);
            _length += instruction.Length;
        }

        return RefusalReason.None;
    }

    private InstructionKind KindOf(int index) => InstructionKinds.Of(code.All[index]);

    private bool IsExit(in Instruction instruction) => InstructionKinds.Of(instruction) switch
    {
        InstructionKind.Return => true,
        InstructionKind.Jump => !code.Contains(instruction.NearBranchTarget),
        InstructionKind.IndirectJump => code.IsIndirectTail(instruction),
        _ => false,
    };

    private SiteClass ClassOf() =>
        _count > 1 ? SiteClass.SeveralInstructions
        : _length < SitePlan.JumpLength ? SiteClass.ReturnWithPadding
        : SiteClass.SingleInstruction;
}
