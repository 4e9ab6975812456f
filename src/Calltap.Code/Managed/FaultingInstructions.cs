using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>Which instructions of a region may fault on a reference that leads nowhere: those that access memory, other than the stack and what lies at a fixed distance.</summary>
public static class FaultingInstructions
{
    /// <summary>Their offsets; none in a region of which none may.</summary>
    public static OffsetSet Of(SitePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        OffsetSet faulting = default;
        if (!plan.MayFault)
            return faulting;
        var decoder = Decoder.Create(64, plan.Original.ToArray(plan.CodeLength), plan.Address.Value);
        while (decoder.IP < plan.Address.Value + (ulong)plan.CodeLength)
        {
            decoder.Decode(out Instruction instruction);
            if (MayFault(instruction))
                faulting = faulting.With((int)(instruction.IP - plan.Address.Value));
        }

        return faulting;
    }

    private static bool MayFault(in Instruction instruction)
    {
        if (instruction.IsInvalid)
            return true;
        if (instruction.IsIPRelativeMemoryOperand || instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Nop || instruction is { MemoryBase: Register.RSP, MemoryIndex: Register.None })
            return false;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) >= OpKind.MemorySegSI) // those of string instructions, and Memory
                return true;
        }

        return false;
    }
}
