using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>Whether code may keep values below the stack pointer, as functions that call nobody may (psABI 3.2.2).</summary>
internal static class RedZone
{
    /// <summary>Whether some instruction of the function reaches below rsp, or may: doubt counts as yes.</summary>
    internal static bool IsUsed(FunctionCode code)
    {
        bool calls = false, hidden = false;
        for (int part = 0; part < code.Parts.Length; part++)
        {
            code.Seek(code.Parts[part], code.Parts[part].Start);
            while (code.Reader.TryRead(out Instruction instruction))
            {
                calls |= instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall;
                if (IsBelow(instruction, Register.RSP))
                    return true;
                hidden |= IsBelow(instruction, Register.RBP) || CopiesStackPointer(instruction);
            }
        }

        return hidden && !calls; // compilers use it only where nobody is called
    }

    private static bool IsBelow(in Instruction instruction, Register pointer) =>
        instruction.MemoryBase == pointer && (long)instruction.MemoryDisplacement64 < 0;

    private static bool CopiesStackPointer(in Instruction instruction) =>
        instruction.OpCount == 2 && instruction.Op0Kind == OpKind.Register && instruction.Op1Kind == OpKind.Register
        && instruction.Op1Register == Register.RSP && instruction.Op0Register != Register.RBP;
}
