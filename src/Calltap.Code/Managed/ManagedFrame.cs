using Iced.Intel;

namespace Calltap.Code.Managed;

/// <summary>How much stack a method takes at its start, as the runtime's unwinder knows it too.</summary>
internal readonly record struct ManagedFrame
{
    private ManagedFrame(long size, bool isNone, int framePointerAt) => (Size, IsNone, FramePointerAt) = (size, isNone, framePointerAt);

    /// <summary>Bytes that pushes and a subtraction take before anything else happens.</summary>
    internal long Size { get; }

    /// <summary>Whether no instruction of the method's own ever moves rsp: wherever control is, the return address is on top of the stack.</summary>
    internal bool IsNone { get; }

    /// <summary>The offset behind which rbp points into the frame; the method's size where it never does.</summary>
    internal int FramePointerAt { get; }

    /// <summary>Looks at a method.</summary>
    internal static ManagedFrame Of(ManagedCode code)
    {
        long size = 0;
        int framePointer = code.Method.Size;
        foreach (Instruction instruction in code.All)
        {
            if (instruction.FlowControl != FlowControl.Next || Frees(instruction))
                break;
            if (instruction.Mnemonic == Mnemonic.Push)
                size += sizeof(ulong);
            else if (instruction is { Mnemonic: Mnemonic.Sub or Mnemonic.Add, Op0Kind: OpKind.Register, Op0Register: Register.RSP } && Number(instruction) is { } number)
                size += instruction.Mnemonic == Mnemonic.Sub ? number : -number;
            if (SetsFramePointer(instruction))
                framePointer = Math.Min(framePointer, code.OffsetOf(instruction) + instruction.Length);
        }

        return new ManagedFrame(size, IsNever(code), framePointer);
    }

    private static bool Frees(in Instruction instruction) =>
        instruction.Mnemonic == Mnemonic.Pop
        || (instruction is { Op0Kind: OpKind.Register, Op0Register: Register.RSP } && (instruction.Mnemonic == Mnemonic.Lea || (instruction.Mnemonic == Mnemonic.Add && Number(instruction) > 0)));

    private static bool IsNever(ManagedCode code)
    {
        for (int i = 0; i < code.All.Count; i++)
        {
            if (code.IsBody[i] && MovesStack(code.All[i]))
                return false;
        }

        return true;
    }

    /// <summary>Whether an instruction moves rsp, other than a return or what is called.</summary>
    internal static bool MovesStack(in Instruction instruction) =>
        instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall // not without a frame of sixteen bytes
        || (instruction.FlowControl != FlowControl.Return && instruction.StackPointerIncrement != 0)
        || (instruction is { Op0Kind: OpKind.Register, Op0Register: Register.RSP or Register.ESP or Register.SP or Register.SPL }
            && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test));

    /// <summary>The number that is added to or taken from a register; null when it is none.</summary>
    internal static long? Number(in Instruction instruction) => instruction.Op1Kind switch
    {
        OpKind.Immediate8to64 => instruction.Immediate8to64,
        OpKind.Immediate32to64 => instruction.Immediate32to64,
        _ => null,
    };

    private static bool SetsFramePointer(in Instruction instruction) =>
        instruction is { Op0Kind: OpKind.Register, Op0Register: Register.RBP }
        && (instruction is { Mnemonic: Mnemonic.Mov, Op1Kind: OpKind.Register, Op1Register: Register.RSP } or { Mnemonic: Mnemonic.Lea, MemoryBase: Register.RSP, MemoryIndex: Register.None });
}
