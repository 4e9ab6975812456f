using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Which single instructions may be displaced; branches and where a call may stand are the classifiers' business.</summary>
internal static class RegionRules
{
    /// <summary>Whether <paramref name="instruction"/> of the given kind may run out of line.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="input">Says what is special about the target.</param>
    /// <returns><see cref="RefusalReason.None"/> or why not.</returns>
    internal static RefusalReason Check(in Instruction instruction, InstructionKind kind, AnalysisInput input)
    {
        switch (kind)
        {
            case InstructionKind.Invalid:
                return RefusalReason.Undecodable;
            case InstructionKind.System or InstructionKind.Trap or InstructionKind.Breakpoint:
                return RefusalReason.SystemInstruction;
            case InstructionKind.FarTransfer:
                return RefusalReason.FarTransfer;
            case InstructionKind.CountedJump:
                return RefusalReason.CountedJump;
            case InstructionKind.Call or InstructionKind.IndirectCall when input.ShadowStack:
                return RefusalReason.ShadowStack;
            case InstructionKind.IndirectCall when UsesStackPointer(instruction):
                return RefusalReason.CallThroughStackPointer;
        }

        if (instruction.IsPrivileged)
            return RefusalReason.SystemInstruction;
        if (instruction.IsIPRelativeMemoryOperand && instruction.MemoryBase == Register.EIP)
            return RefusalReason.AddressSizeOverride;
        // A jump or call through the GOT reads a slot that is always mapped.
        bool throughGot = kind is InstructionKind.IndirectJump or InstructionKind.IndirectCall && instruction.IsIPRelativeMemoryOperand;
        return input.FaultsAreHandled && !throughGot && MayFault(instruction) ? RefusalReason.MayFault : RefusalReason.None;
    }

    /// <summary>
    /// Whether the instruction may raise SIGSEGV, SIGBUS or SIGFPE in a program whose stack is sound: any memory access except through
    /// rsp or rbp, and an integer division. An fs-relative operand without registers is thread-local storage (the stack protector's
    /// canary) and cannot fault where our own trampolines, which read it too, may run.
    /// </summary>
    internal static bool MayFault(in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv)
            return true;
        if (instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Nop or Mnemonic.Xlatb)
            return instruction.Mnemonic == Mnemonic.Xlatb;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            if (kind is >= OpKind.MemorySegSI and <= OpKind.MemoryESRDI || kind == OpKind.Memory && !IsStackOrThreadLocal(instruction))
                return true;
        }

        return false;
    }

    private static bool IsStackOrThreadLocal(in Instruction instruction)
    {
        if (instruction.MemoryIndex != Register.None)
            return false;
        return instruction.SegmentPrefix == Register.FS
            ? instruction.MemoryBase == Register.None
            : instruction.MemoryBase is Register.RSP or Register.RBP && instruction.SegmentPrefix != Register.GS;
    }

    private static bool UsesStackPointer(in Instruction instruction) =>
        instruction.Op0Kind == OpKind.Register ? instruction.Op0Register == Register.RSP : instruction.MemoryBase is Register.RSP or Register.ESP;
}
