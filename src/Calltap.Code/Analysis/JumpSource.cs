using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Where an indirect jump's target comes from, by a look at the instructions before it.</summary>
/// <param name="Shape">How the target is formed.</param>
/// <param name="Table">The table, where its address was seen; of a label the label.</param>
/// <param name="Bound">How many entries a comparison before the jump allows, or 0.</param>
internal readonly record struct JumpSource(SwitchShape Shape, ImageAddress? Table, int Bound)
{
    /// <summary>Whether the shape is one that compilers use for switches.</summary>
    internal bool IsSwitch => Shape is SwitchShape.Relative4 or SwitchShape.Absolute8;

    private const int MaxBack = 32;
    private const int MaxBackForTable = 256;
    private const int MaxBound = 1 << 16;

    /// <summary>Looks back from the indirect jump at <paramref name="index"/>.</summary>
    /// <param name="instructions">The function's.</param>
    /// <param name="index">The jump.</param>
    /// <param name="independent">No instruction holds an absolute address.</param>
    internal static JumpSource Trace(List<Instruction> instructions, int index, bool independent)
    {
        Instruction jump = instructions[index];
        if (jump.Op0Kind != OpKind.Memory && IsLongJump(instructions, index))
            return new(SwitchShape.LongJump, null, 0);
        if (jump.Op0Kind != OpKind.Memory)
            return FromRegister(instructions, index, jump.Op0Register, independent);
        if (jump.IsIPRelativeMemoryOperand || jump.MemoryBase == Register.None && jump.MemoryIndex == Register.None)
            return new(SwitchShape.Got, null, 0);
        return jump.MemoryIndexScale == 8 ? Absolute(instructions, index, jump, independent) : new(SwitchShape.Opaque, null, 0);
    }

    /// <summary>The constant address that an instruction puts into a register or uses as a table's base, or null.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="independent">No instruction holds an absolute address of 32 bits.</param>
    internal static ImageAddress? AddressFormed(in Instruction instruction, bool independent)
    {
        if (instruction.Mnemonic == Mnemonic.Lea && instruction.IsIPRelativeMemoryOperand)
            return new(instruction.IPRelativeMemoryAddress);
        if (instruction.Mnemonic == Mnemonic.Mov && instruction.OpCount == 2 && instruction.Op0Kind == OpKind.Register
            && (instruction.Op1Kind == OpKind.Immediate64 || !independent && instruction.Op1Kind is OpKind.Immediate32 or OpKind.Immediate32to64))
            return new(instruction.GetImmediate(1));
        bool table = !independent && instruction.MemoryIndexScale is 4 or 8 && instruction.MemoryIndex != Register.None && instruction.MemoryDisplSize >= 4;
        return table ? new(instruction.MemoryDisplacement64) : null;
    }

    // mov rsp,r; mov rbp,r; jmp r
    private static bool IsLongJump(List<Instruction> instructions, int index) =>
        index >= 2 && RegisterMove(instructions[index - 1]) is var (last, from) && RegisterMove(instructions[index - 2]) is var (first, before)
        && (first, last) is (Register.RSP, Register.RBP) or (Register.RBP, Register.RSP)
        && from is not (Register.RSP or Register.RBP) && before is not (Register.RSP or Register.RBP);

    private static (Register To, Register From)? RegisterMove(in Instruction instruction) =>
        instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Kind == OpKind.Register && instruction.Op1Kind == OpKind.Register
            ? (instruction.Op0Register, instruction.Op1Register)
            : null;

    private static JumpSource FromRegister(List<Instruction> instructions, int index, Register register, bool independent)
    {
        bool added = false;
        Register other = Register.None;
        for (int i = index - 1; i >= 0 && i > index - MaxBack; i--)
        {
            Instruction at = instructions[i];
            if (InstructionKinds.Of(at) is InstructionKind.Call or InstructionKind.IndirectCall or InstructionKind.IndirectJump or InstructionKind.Return)
                break;
            if (at.OpCount < 2 || at.Op0Kind != OpKind.Register || at.Op0Register.GetFullRegister() is var written && written != register && written != other)
                continue;
            if (!added && at.Mnemonic == Mnemonic.Lea && at.IsIPRelativeMemoryOperand)
                return new(SwitchShape.Label, new(at.IPRelativeMemoryAddress), 0);
            bool indexed = at.Op1Kind == OpKind.Memory && at.MemoryIndex != Register.None;
            if (at.Mnemonic == Mnemonic.Add && at.Op1Kind == OpKind.Register && !added)
                (added, other) = (true, at.Op1Register);
            else if (IsSum(at) && !added)
                (added, register, other) = (true, at.MemoryBase, at.MemoryIndex);
            else if (added && (indexed || at is { Mnemonic: Mnemonic.Movsxd, IsIPRelativeMemoryOperand: true }) && IsRelativeLoad(at))
                return new(SwitchShape.Relative4, TableOf(instructions, i, at, independent), BoundBefore(instructions, i));
            else if (!added && indexed && at.MemoryIndexScale == 8 && at.Mnemonic == Mnemonic.Mov)
                return Absolute(instructions, i, at, independent);
            else if (!added && at.Mnemonic == Mnemonic.Mov && at.Op1Kind == OpKind.Register)
                register = at.Op1Register;
            else if (!added && at.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test))
                break;
        }

        return new(SwitchShape.Opaque, null, 0);
    }

    private static bool IsSum(in Instruction lea) =>
        lea.Mnemonic == Mnemonic.Lea && lea.MemoryBase != Register.None && lea.MemoryIndex != Register.None && lea.MemoryIndexScale == 1 && lea.MemoryDisplacement64 == 0;

    // movsxd r64, [table+index*4]; without optimisation the index is multiplied before: mov r32, [index+table]; cdqe.
    private static bool IsRelativeLoad(in Instruction load) =>
        load.Mnemonic is Mnemonic.Movsxd or Mnemonic.Mov && load.MemorySize is MemorySize.Int32 or MemorySize.UInt32
        && load.MemoryIndexScale is 4 or 1; // 1 also where there is no index: a constant one

    private static JumpSource Absolute(List<Instruction> instructions, int index, in Instruction load, bool independent) =>
        new(SwitchShape.Absolute8, TableOf(instructions, index, load, independent), BoundBefore(instructions, index));

    private static ImageAddress? TableOf(List<Instruction> instructions, int index, in Instruction load, bool independent)
    {
        if (load.IsIPRelativeMemoryOperand)
            return new(load.IPRelativeMemoryAddress);
        if (load.MemoryBase == Register.None)
            return new(load.MemoryDisplacement64);
        ImageAddress? table = ConstantIn(instructions, index, load.MemoryBase, independent);
        if (table is null && load.MemoryIndexScale == 1)
            table = ConstantIn(instructions, index, load.MemoryIndex, independent);
        return table is { } found ? found + unchecked((long)load.MemoryDisplacement64) : null;
    }

    private static ImageAddress? ConstantIn(List<Instruction> instructions, int index, Register register, bool independent)
    {
        for (int i = index - 1; i >= 0 && i > index - MaxBackForTable; i--)
        {
            Instruction at = instructions[i];
            if (at.OpCount < 2 || at.Op0Kind != OpKind.Register || at.Op0Register.GetFullRegister() != register || at.Mnemonic is Mnemonic.Cmp or Mnemonic.Test)
                continue;
            return at.Mnemonic is Mnemonic.Lea or Mnemonic.Mov ? AddressFormed(at, independent) : null;
        }

        return null;
    }

    // cmp x, n; ja default: n + 1 entries. The nearest one; a wrong one only bounds a table that is read to its natural end as well.
    private static int BoundBefore(List<Instruction> instructions, int index)
    {
        for (int i = index - 1; i > 0 && i > index - MaxBack; i--)
        {
            if (instructions[i].ConditionCode is not ConditionCode.a || instructions[i].Mnemonic != Mnemonic.Ja)
                continue;
            Instruction compare = instructions[i - 1];
            bool constant = compare.Mnemonic == Mnemonic.Cmp && compare.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;
            return constant && compare.GetImmediate(1) < MaxBound ? (int)compare.GetImmediate(1) + 1 : 0;
        }

        return 0;
    }
}
