using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>Which instructions of managed code may run out of line.</summary>
internal static class ManagedRules
{
    /// <summary>Why not; <see cref="RefusalReason.None"/> when it may.</summary>
    internal static RefusalReason Check(in Instruction instruction, InstructionKind kind, ManagedTraits traits)
    {
        switch (kind)
        {
            case InstructionKind.Invalid or InstructionKind.TransactionBegin:
                return RefusalReason.Undecodable;
            case InstructionKind.System or InstructionKind.Trap or InstructionKind.Breakpoint:
                return RefusalReason.SystemInstruction;
            case InstructionKind.FarTransfer:
                return RefusalReason.FarTransfer;
            case InstructionKind.CountedJump:
                return RefusalReason.CountedJump;
            case InstructionKind.Call or InstructionKind.IndirectCall when traits.IsReadyToRun:
                return RefusalReason.CallInside;
            case InstructionKind.IndirectCall when instruction.MemoryBase is Register.RSP or Register.ESP || instruction.Op0Register == Register.RSP:
                return RefusalReason.CallThroughStackPointer;
        }

        if (instruction.IsPrivileged)
            return RefusalReason.SystemInstruction;
        if (instruction.IsIPRelativeMemoryOperand && instruction.MemoryBase == Register.EIP)
            return RefusalReason.AddressSizeOverride;
        // The runtime decodes what divides where it was, to tell one overflow from another.
        return instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv ? RefusalReason.MayFault : RefusalReason.None;
    }

    /// <summary>Whether it may fault on a null reference: an access to memory, unless it is the frame's or a cell's that the loader has made.</summary>
    internal static bool MayFault(in Instruction instruction, InstructionKind kind, bool hasFramePointer)
    {
        if (instruction.IsIPRelativeMemoryOperand)
            return false;
        if (kind is InstructionKind.IndirectCall or InstructionKind.IndirectJump)
            return instruction.Op0Kind == OpKind.Memory;
        return RegionRules.MayFault(instruction) || (instruction.MemoryBase == Register.RBP && !hasFramePointer && instruction.Mnemonic != Mnemonic.Lea);
    }
}
