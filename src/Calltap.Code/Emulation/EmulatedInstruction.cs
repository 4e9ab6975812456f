using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code;

/// <summary>An instruction that can be emulated without running it.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Target">Where a jump or call leads; otherwise unused.</param>
/// <param name="Next">The address behind it: where a nop goes on, a call returns to, and a conditional jump falls through.</param>
/// <param name="Condition">For conditional jumps the condition's encoding, 0 to 15 (SDM volume 1, appendix B).</param>
/// <param name="PopBytes">For returns the bytes of arguments popped behind the return address.</param>
public readonly record struct EmulatedInstruction(EmulatedKind Kind, TargetAddress Target, TargetAddress Next, byte Condition, ushort PopBytes)
{
    /// <summary>A jump.</summary>
    public static EmulatedInstruction Jump(TargetAddress target) => new(EmulatedKind.Jump, target, default, 0, 0);

    /// <summary>A jump taken when <paramref name="condition"/> (0 to 15) holds; otherwise execution goes on at <paramref name="next"/>.</summary>
    public static EmulatedInstruction ConditionalJump(byte condition, TargetAddress target, TargetAddress next) =>
        new(EmulatedKind.ConditionalJump, target, next, condition, 0);

    /// <summary>A call that returns to <paramref name="returnAddress"/>.</summary>
    public static EmulatedInstruction Call(TargetAddress target, TargetAddress returnAddress) => new(EmulatedKind.Call, target, returnAddress, 0, 0);

    /// <summary>A nop behind which execution goes on at <paramref name="next"/>: the end of the region, however many nops it holds.</summary>
    public static EmulatedInstruction Nop(TargetAddress next) => new(EmulatedKind.Nop, default, next, 0, 0);

    /// <summary>A return that pops <paramref name="popBytes"/> more than the return address.</summary>
    public static EmulatedInstruction Return(ushort popBytes = 0) => new(EmulatedKind.Return, default, default, 0, popBytes);

    /// <summary>Recognises the first instruction of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">What the site holds or will hold.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="instruction">The instruction.</param>
    /// <returns>False for everything that has to be run to know what it does: then go to its displaced copy, or park the thread.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, TargetAddress address, out EmulatedInstruction instruction)
    {
        Decoder.Create(64, bytes.ToArray(), address.Value).Decode(out Instruction decoded);
        var next = new TargetAddress(decoded.NextIP);
        var target = new TargetAddress(decoded.NearBranchTarget);
        EmulatedInstruction? found = InstructionKinds.Of(decoded) switch
        {
            InstructionKind.Jump => Jump(target),
            InstructionKind.ConditionalJump => ConditionalJump(Conditions.NibbleOf(decoded), target, next),
            InstructionKind.Call => Call(target, next),
            InstructionKind.Nop or InstructionKind.EndBranch => Nop(next),
            InstructionKind.Return => Return(decoded.OpCount == 0 ? (ushort)0 : decoded.Immediate16),
            _ => null,
        };
        instruction = found ?? default;
        return found is not null;
    }
}
