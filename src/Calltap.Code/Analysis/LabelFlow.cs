using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>
/// Whether a register at an indirect jump can hold nothing but labels formed in the function, whichever way led there (reaching definitions). Compilers
/// join the blocks of computed gotos, so that the label is formed in several places before.
/// </summary>
internal sealed class LabelFlow(ModuleFacts facts, FunctionCode code, List<Instruction> instructions, HashSet<ImageAddress> ownTargets)
{
    private const int MaxSteps = 4096;

    private readonly InstructionInfoFactory _info = new();
    private readonly Stack<(int Index, Register Register)> _open = [];
    private readonly HashSet<(int Index, Register Register)> _seen = [];
    private Dictionary<ImageAddress, List<int>>? _jumpsTo;
    private bool _jumpsInside;

    /// <summary>Whether <paramref name="register"/> holds a label before instruction <paramref name="index"/>, for certain.</summary>
    /// <param name="index">The jump.</param>
    /// <param name="register">Its operand.</param>
    internal bool HoldsLabel(int index, Register register)
    {
        _jumpsTo ??= Jumps();
        if (_jumpsInside)
            return false;
        _open.Clear();
        _seen.Clear();
        bool defined = false;
        for (Want(index, register); _open.TryPop(out var at);)
        {
            if (_seen.Count > MaxSteps || !GoBack(at.Index, at.Register, ref defined))
                return false;
        }

        return defined;
    }

    private void Want(int index, Register register)
    {
        if (_seen.Add((index, register)))
            _open.Push((index, register));
    }

    // To each instruction that may run before this one; false where one of them is not known, or gives the register something else.
    private bool GoBack(int index, Register register, ref bool defined)
    {
        ImageAddress address = code.All[index].Address;
        if (facts.Foreign.Contains(address) || ownTargets.Contains(address) || address == code.Parts[0].Start)
            return false;
        bool any = false;
        if (index > 0 && code.All[index - 1] is var before && before.End == address && !InstructionKinds.EndsFlow(before.Kind))
        {
            any = true;
            if (!Through(index - 1, register, ref defined))
                return false;
        }

        foreach (int jump in _jumpsTo!.GetValueOrDefault(address) ?? [])
        {
            any = true;
            if (!Through(jump, register, ref defined))
                return false;
        }

        return any || code.All[index].Kind == InstructionKind.Nop; // padding behind a jump: nobody runs it
    }

    private bool Through(int index, Register register, ref bool defined)
    {
        Instruction at = instructions[index];
        if (IsDefinition(at, register))
        {
            defined = true;
            return true;
        }

        if (at.Mnemonic == Mnemonic.Mov && at.Op0Kind == OpKind.Register && at.Op0Register == register && at.Op1Kind == OpKind.Register)
        {
            Want(index, at.Op1Register);
            return at.Op1Register.IsGPR64();
        }

        if (Changes(at, code.All[index].Kind, register))
            return false;
        Want(index, register);
        return true;
    }

    private bool IsDefinition(in Instruction at, Register register) =>
        at.Mnemonic == Mnemonic.Lea && at.Op0Register == register && at.IsIPRelativeMemoryOperand && new ImageAddress(at.IPRelativeMemoryAddress) is var label && label != code.Parts[0].Start && code.Contains(label);

    private bool Changes(in Instruction at, InstructionKind kind, Register register)
    {
        if (kind is InstructionKind.Call or InstructionKind.IndirectCall or InstructionKind.System or InstructionKind.Invalid or InstructionKind.TransactionBegin)
            return true; // compilers keep no label across a call
        foreach (UsedRegister used in _info.GetInfo(at).GetUsedRegisters())
        {
            if (used.Register.GetFullRegister() == register && used.Access is not (OpAccess.Read or OpAccess.CondRead or OpAccess.NoMemAccess))
                return true;
        }

        return false;
    }

    private Dictionary<ImageAddress, List<int>> Jumps()
    {
        var jumps = new Dictionary<ImageAddress, List<int>>();
        for (int i = 0; i < code.All.Length; i++)
        {
            DecodedInstruction at = code.All[i];
            if (!InstructionKinds.IsDirectJump(at.Kind) || !code.Contains(at.Target))
                continue;
            _jumpsInside |= code.IndexOf(at.Target) < 0; // past a prefix: what follows has a way in that is not seen here
            if (jumps.TryGetValue(at.Target, out List<int>? from))
                from.Add(i);
            else
                jumps.Add(at.Target, [i]);
        }

        return jumps;
    }
}
