using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>One function while it is being classified.</summary>
internal sealed class FunctionScope(ModuleFacts facts, FunctionCode code, FunctionFlow flow, ImageAddress entry)
{
    /// <summary>What a near jump needs: the shortest region.</summary>
    internal const int JumpLength = 5;

    internal ModuleFacts Facts { get; } = facts;

    internal FunctionCode Code { get; } = code;

    internal FunctionFlow Flow { get; } = flow;

    internal ImageAddress Entry { get; } = entry;

    /// <summary>Whether instruction boundaries in the function are not certain.</summary>
    internal bool IsLost => Code.HasInvalid || Flow.Desynchronized;

    /// <summary>Why regions of several instructions are refused throughout the function; usually <see cref="RefusalReason.None"/>.</summary>
    internal RefusalReason SeveralRefused =>
        IsLost ? RefusalReason.Undecodable
        : Flow.HasJumpNotUnderstood ? RefusalReason.IndirectJumpNotUnderstood
        : RefusalReason.None;

    /// <summary>What the indirect jump at <paramref name="address"/> is.</summary>
    internal IndirectJumpMeaning MeaningOf(ImageAddress address) => Flow.IndirectJumps.GetValueOrDefault(address);

    /// <summary>The bytes of a region, which lies within one section.</summary>
    internal RegionBytes BytesOf(ImageAddress start, int length) => RegionBytes.From(Facts.Memory.Find(start)!.Slice(start, start + length));

    /// <summary>The rules that hold for every region, whatever its class.</summary>
    internal RefusalReason CheckRegion(ImageAddress start, int length) =>
        Facts.Targets.AnyInside(start, start + length) ? RefusalReason.BranchTargetInside
        : Facts.Refused.Overlaps(start, start + length) ? RefusalReason.RefusedRange
        : RefusalReason.None;

    /// <summary>Whether the instructions may run out of line; branches are allowed, their place is the caller's business.</summary>
    internal RefusalReason CheckInstructions(int part, ReadOnlySpan<DecodedInstruction> instructions)
    {
        Code.Seek(Code.Parts[part], instructions[0].Address);
        foreach (DecodedInstruction decoded in instructions)
        {
            Code.Reader.TryRead(out Instruction instruction);
            RefusalReason reason = RegionRules.Check(instruction, decoded.Kind, Facts.Input);
            if (reason != RefusalReason.None)
                return reason;
        }

        return RefusalReason.None;
    }

    /// <summary>
    /// How many bytes behind instruction <paramref name="index"/>, which nothing falls out of, are padding that a region may use: at most
    /// <paramref name="wanted"/>. Inside the part every nop counts; behind its end only what no unknown code can begin in: all of the gap
    /// up to the next part, or else the bytes before the next 16-byte boundary (code without a symbol starts aligned).
    /// </summary>
    internal int PaddingBehind(int part, int index, int wanted)
    {
        ReadOnlySpan<DecodedInstruction> instructions = Code.Of(part);
        CodePart bounds = Code.Parts[part];
        ImageAddress start = instructions[index].End;
        ImageAddress at = start;
        for (int i = index + 1; i < instructions.Length && at - start < wanted; i++)
        {
            // Where targets may be missing, a nop inside the function may be one.
            if (instructions[i].Kind is not (InstructionKind.Nop or InstructionKind.Breakpoint) || IsLost || Flow.HasJumpNotUnderstood)
                return (int)(at - start);
            at = instructions[i].End;
        }

        if (at - start < wanted && at == bounds.End)
            at += GapPadding(bounds);
        return (int)Math.Min(at - start, wanted);
    }

    private int GapPadding(CodePart part)
    {
        ReadOnlySpan<byte> gap = Facts.Memory.Find(part.Start)!.Slice(part.End, part.Limit);
        // A gap of more than a page is no alignment; only its start matters then.
        bool whole = gap.Length <= 4096 && Padding.Measure(gap) == gap.Length;
        if (whole)
            return gap.Length;
        int untilAligned = (int)((16 - (part.End.Value & 15)) & 15);
        return Math.Min(Padding.Measure(gap[..Math.Min(gap.Length, 32)]), untilAligned);
    }
}
