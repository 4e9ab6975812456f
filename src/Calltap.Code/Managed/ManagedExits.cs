using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>
/// Finds a method's exits, not its funclets', and a region for each. The runtime's unwinder reads the bytes at a program counter to tell whether a frame is
/// being taken down; a region begins where what it finds is right:
/// <list type="bullet">
/// <item>anywhere in a method that has no frame;</item>
/// <item>where the whole frame still stands, at the first instruction of an epilogue or before it: by a jump with a prefix, which it takes for no epilogue.</item>
/// </list>
/// Where no jump fits, a breakpoint can stay at the first instruction of the epilogue, or at the transfer of a method that has no frame (<see cref="RefusedExit.Breakpoint"/>).
/// A jump at the return itself, behind what has freed the frame, would be right too, but not the breakpoint that stands there while it is written.
/// </summary>
internal sealed class ManagedExits(ManagedCode code, ManagedFrame frame, ManagedTraits traits, SitePlan? entry)
{
    private readonly LoadedCells _cells = new(code);
    private readonly List<SitePlan> _sites = [];
    private readonly List<RefusedExit> _refused = [];
    private bool _mayFault; // of the region that is being made
    private int _free = entry?.Length ?? 0;

    /// <summary>The patchable exits.</summary>
    internal IReadOnlyList<SitePlan> Sites => _sites;

    /// <summary>The others.</summary>
    internal IReadOnlyList<RefusedExit> Refused => _refused;

    /// <summary>All exits, one combined with the entry included.</summary>
    internal int Count { get; private set; }

    internal void Classify()
    {
        for (int i = 0; i < code.All.Count; i++)
        {
            if (!code.IsBody[i] || KindOf(code.All[i]) is not { } kind)
                continue;
            Count++;
            int at = code.OffsetOf(code.All[i]);
            if (entry is { CombinedExit: true } && at == entry.TransferOffset)
                continue;
            if (Region(i, kind) is { } site)
                _sites.Add(site);
        }
    }

    private SiteKind? KindOf(in Instruction instruction) => InstructionKinds.Of(instruction) switch
    {
        InstructionKind.Return => SiteKind.Return,
        InstructionKind.Jump when !code.Contains(instruction.NearBranchTarget) => SiteKind.TailJump,
        InstructionKind.IndirectJump when code.IsIndirectTail(instruction) => SiteKind.TailJump,
        InstructionKind.ConditionalJump or InstructionKind.CountedJump when !code.Contains(instruction.NearBranchTarget) => SiteKind.ConditionalTailJump,
        _ => null,
    };

    private SitePlan? Region(int index, SiteKind kind)
    {
        Instruction transfer = code.All[index];
        int at = code.OffsetOf(transfer);
        RefusalReason reason = kind == SiteKind.ConditionalTailJump ? RefusalReason.BranchIntoRegion
            : at < _free ? RefusalReason.Overlaps
            : ManagedRules.Check(transfer, InstructionKinds.Of(transfer), traits);
        if (reason == RefusalReason.None && ManagedRules.MayFault(transfer, InstructionKinds.Of(transfer), true) && !_cells.IsReadBy(index))
            reason = RefusalReason.MayFault;
        if (reason != RefusalReason.None)
            return Refuse(transfer, reason);
        _mayFault = false;
        return (frame.IsNone ? Alone(index, kind) : null) ?? Before(index, kind);
    }

    private SitePlan? Refuse(in Instruction transfer, RefusalReason reason, SitePlan? breakpoint = null)
    {
        _refused.Add(new RefusedExit(new ImageAddress(transfer.IP), reason) { Breakpoint = breakpoint });
        return null;
    }

    /// <summary>The transfer by itself, with padding where it is the last instruction.</summary>
    private SitePlan? Alone(int index, SiteKind kind)
    {
        Instruction transfer = code.All[index];
        int padding = 0;
        if (transfer.Length < SitePlan.JumpLength)
        {
            padding = index == code.All.Count - 1 ? code.Padding(SitePlan.JumpLength - transfer.Length) : 0;
            if (transfer.Length + padding < SitePlan.JumpLength)
                return null;
        }

        return Site(index, index, kind, padding, padding > 0 ? SiteClass.ReturnWithPadding : SiteClass.SingleInstruction);
    }

    /// <summary>With instructions before it: all of the epilogue, where there is one, and what is needed of the padding and of the body.</summary>
    private SitePlan? Before(int index, SiteKind kind)
    {
        Instruction transfer = code.All[index];
        int epilogue = Epilogue(index, out RefusalReason reason), first = epilogue;
        bool isKnown = reason == RefusalReason.None;
        int end = code.OffsetOf(transfer) + transfer.Length;
        int wanted = frame.IsNone ? SitePlan.JumpLength : SitePlan.PrefixedJumpLength;
        int padding = index == code.All.Count - 1 ? code.Padding(Math.Max(0, wanted - (end - code.OffsetOf(code.All[first])))) : 0;
        while (reason == RefusalReason.None && end + padding - code.OffsetOf(code.All[first]) < wanted)
            reason = Extend(ref first);
        int start = code.OffsetOf(code.All[first]);
        if (reason == RefusalReason.None && start < _free)
            reason = RefusalReason.Overlaps;
        if (reason == RefusalReason.None && end + padding - start > RegionBytes.MaxLength)
            reason = RefusalReason.NoRoom;
        if (reason == RefusalReason.None && !frame.IsNone && code.IsReturn(start))
            reason = RefusalReason.CallInside;
        if (reason != RefusalReason.None)
            return Refuse(transfer, reason, isKnown ? Breakpoint(epilogue, index, kind) : null);
        return Site(first, index, kind, padding, frame.IsNone ? SiteClass.ExitWithInstructionsBefore : SiteClass.Epilogue);
    }

    /// <summary>The first instruction of the epilogue: pops, and before them what frees the rest of the frame, as the unwinder knows them.</summary>
    private int Epilogue(int index, out RefusalReason reason)
    {
        reason = RefusalReason.None;
        if (frame.IsNone)
            return index;
        long freed = 0;
        int first = index;
        bool whole = false;
        while (first > 0 && !whole && reason == RefusalReason.None && code.IsBody[first - 1])
        {
            Instruction before = code.All[first - 1];
            if (before is { Mnemonic: Mnemonic.Pop, Op0Kind: OpKind.Register })
                freed += sizeof(ulong);
            else if (before is { Mnemonic: Mnemonic.Add, Op0Kind: OpKind.Register, Op0Register: Register.RSP } && ManagedFrame.Number(before) is { } number)
                (freed, whole) = (freed + number, true);
            else if (before is { Mnemonic: Mnemonic.Lea, Op0Register: Register.RSP, MemoryBase: Register.RBP, MemoryIndex: Register.None })
                (freed, whole) = (frame.Size, true); // all that was taken otherwise: rbp knows
            else
                break;
            if (code.IsTarget(code.OffsetOf(code.All[first])))
                reason = RefusalReason.BranchTargetInside;
            first--;
        }

        if (reason == RefusalReason.None && freed != frame.Size)
            reason = RefusalReason.FrameNotUnderstood;
        return first;
    }

    /// <summary>Takes one more instruction of the body into the region: nothing is known to come between it and the next.</summary>
    private RefusalReason Extend(ref int first)
    {
        int start = code.OffsetOf(code.All[first]);
        if (first == 0 || !code.IsBody[first - 1])
            return RefusalReason.TooShort;
        if (code.IsTarget(start))
            return RefusalReason.BranchTargetInside;
        if (code.IsReturn(start))
            return RefusalReason.CallInside;
        Instruction before = code.All[first - 1];
        InstructionKind kind = InstructionKinds.Of(before);
        if (kind is not (InstructionKind.Plain or InstructionKind.Nop))
            return kind is InstructionKind.Call or InstructionKind.IndirectCall ? RefusalReason.CallInside : RefusalReason.TooShort;
        RefusalReason reason = ManagedRules.Check(before, kind, traits);
        bool faults = ManagedRules.MayFault(before, kind, start >= frame.FramePointerAt);
        if (reason == RefusalReason.None && faults && !traits.ForwardsFaults)
            reason = RefusalReason.MayFault;
        if (reason == RefusalReason.None && ManagedFrame.MovesStack(before))
            reason = RefusalReason.FrameNotUnderstood;
        first -= reason == RefusalReason.None ? 1 : 0;
        _mayFault |= faults;
        return reason;
    }

    /// <summary>The epilogue alone: nothing of it changes but its first byte. Null where another region lies over that, or the stub has no room for all.</summary>
    private SitePlan? Breakpoint(int first, int index, SiteKind kind)
    {
        int start = code.OffsetOf(code.All[first]), end = code.OffsetOf(code.All[index]) + code.All[index].Length;
        if (start < _free || code.IsReturn(start) || end - start > RegionBytes.MaxLength)
            return null;
        // A byte by itself, with another site behind it perhaps: a thread that was put back to that one looks like one that has met this one.
        if (end - start == SitePlan.BreakpointLength && (index < code.All.Count - 1 || (code.At(end).Value & 15) == 0))
            return null;
        return Plan(first, index, kind, 0, SiteClass.Breakpoint);
    }

    private SitePlan Site(int first, int index, SiteKind kind, int padding, SiteClass siteClass)
    {
        SitePlan site = Plan(first, index, kind, padding, siteClass) with { MayFault = _mayFault };
        _free = code.OffsetOf(code.All[first]) + site.Length;
        return site;
    }

    private SitePlan Plan(int first, int index, SiteKind kind, int padding, SiteClass siteClass)
    {
        Instruction transfer = code.All[index];
        int start = code.OffsetOf(code.All[first]), offset = code.OffsetOf(transfer) - start, length = offset + transfer.Length;
        OffsetSet starts = default;
        for (int i = first + 1; i <= index; i++)
            starts = starts.With(code.OffsetOf(code.All[i]) - start);
        ImageAddress? target = InstructionKinds.Of(transfer) == InstructionKind.Jump ? new ImageAddress(transfer.NearBranchTarget) : null;
        return new SitePlan(code.At(start), length + padding, kind, siteClass, starts, offset, length, target, FlagsDeadAtEntry: false, CombinedExit: false)
        {
            Original = RegionBytes.From(code.Bytes(start, length + padding)),
        };
    }
}
