using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Maps Iced's view of an instruction to an <see cref="InstructionKind"/>.</summary>
internal static class InstructionKinds
{
    internal static InstructionKind Of(in Instruction instruction)
    {
        Iced.Intel.Code code = instruction.Code;
        switch (instruction.FlowControl)
        {
            case FlowControl.Next:
                return code switch
                {
                    Iced.Intel.Code.INVALID => InstructionKind.Invalid,
                    Iced.Intel.Code.Endbr64 => InstructionKind.EndBranch,
                    Iced.Intel.Code.Hlt => InstructionKind.Trap,
                    _ => instruction.Mnemonic == Mnemonic.Nop ? InstructionKind.Nop : InstructionKind.Plain,
                };
            case FlowControl.UnconditionalBranch:
                return instruction.IsJmpShortOrNear ? InstructionKind.Jump : InstructionKind.FarTransfer;
            case FlowControl.IndirectBranch:
                return instruction.IsJmpNearIndirect ? InstructionKind.IndirectJump : InstructionKind.FarTransfer;
            case FlowControl.ConditionalBranch:
                return instruction.IsJccShortOrNear ? InstructionKind.ConditionalJump : InstructionKind.CountedJump;
            case FlowControl.Return:
                return instruction.Mnemonic == Mnemonic.Ret ? InstructionKind.Return : InstructionKind.FarTransfer;
            case FlowControl.Call:
                return instruction.IsCallNear ? InstructionKind.Call : InstructionKind.System;
            case FlowControl.IndirectCall:
                return instruction.IsCallNearIndirect ? InstructionKind.IndirectCall : InstructionKind.System;
            case FlowControl.Interrupt:
                return code == Iced.Intel.Code.Int3 ? InstructionKind.Breakpoint : InstructionKind.System;
            case FlowControl.XbeginXabortXend:
                return code is Iced.Intel.Code.Xbegin_rel32 or Iced.Intel.Code.Xbegin_rel16 ? InstructionKind.TransactionBegin : InstructionKind.Plain;
            default:
                return code == Iced.Intel.Code.INVALID ? InstructionKind.Invalid : InstructionKind.Trap;
        }
    }

    /// <summary>Whether the operand is a direct code address that can be branched to.</summary>
    internal static bool HasTarget(InstructionKind kind) => kind is InstructionKind.Jump or InstructionKind.ConditionalJump
        or InstructionKind.CountedJump or InstructionKind.Call or InstructionKind.TransactionBegin;

    /// <summary>Whether it is a direct jump, taken always or at times.</summary>
    internal static bool IsDirectJump(InstructionKind kind) => kind is InstructionKind.Jump or InstructionKind.ConditionalJump or InstructionKind.CountedJump;

    /// <summary>Whether nothing falls through to the next instruction.</summary>
    internal static bool EndsFlow(InstructionKind kind) => kind is InstructionKind.Jump or InstructionKind.IndirectJump
        or InstructionKind.Return or InstructionKind.Trap or InstructionKind.FarTransfer;
}
