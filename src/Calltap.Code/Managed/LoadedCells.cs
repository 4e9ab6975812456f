using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>
/// Jumps through a cell of the image whose address the code has just formed: <c>lea rax, [rip+cell]; ...; jmp [rax]</c>. So ReadyToRun code calls what is yet to be bound (rax tells the
/// runtime which cell it was), and at the end of a method leaves for it. Such a jump can't fault, since the loader has filled the cell.
/// </summary>
internal sealed class LoadedCells(ManagedCode code)
{
    private readonly InstructionInfoFactory _info = new();

    /// <summary>Whether an indirect jump goes through such a cell, whichever way control has come to it.</summary>
    internal bool IsReadBy(int index)
    {
        Instruction jump = code.All[index];
        if (jump.Op0Kind != OpKind.Memory || jump.MemoryBase == Register.None || jump.MemoryIndex != Register.None || jump.MemoryDisplacement64 != 0 || jump.HasSegmentPrefix)
            return false;
        for (int i = index - 1; i >= 0 && code.IsBody[i] && FallsOnlyInto(i); i--)
        {
            if (Writes(code.All[i], jump.MemoryBase))
                return IsAddressOfCell(code.All[i]);
        }

        return false;
    }

    /// <summary>Whether control comes from here to the next instruction, and from nowhere else.</summary>
    private bool FallsOnlyInto(int index)
    {
        int next = code.OffsetOf(code.All[index + 1]);
        return InstructionKinds.Of(code.All[index]) is InstructionKind.Plain or InstructionKind.Nop && !code.IsTarget(next) && !code.IsReturn(next);
    }

    private bool Writes(in Instruction instruction, Register register)
    {
        foreach (UsedRegister used in _info.GetInfo(instruction).GetUsedRegisters())
        {
            if (used.Register.GetFullRegister() == register && used.Access is not (OpAccess.Read or OpAccess.CondRead))
                return true;
        }

        return false;
    }

    private bool IsAddressOfCell(in Instruction instruction) =>
        instruction is { Mnemonic: Mnemonic.Lea, Op0Kind: OpKind.Register, IsIPRelativeMemoryOperand: true } && instruction.Op0Register.GetSize() == sizeof(ulong) && !code.Contains(instruction.IPRelativeMemoryAddress);
}
