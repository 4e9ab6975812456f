using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>
/// Finds the entry site of a function of Go: one instruction, behind the check that its stack has room.
/// </summary>
/// <remarks>
/// A goroutine may park at any instruction, to go on after the site has changed, so no region has two. A call that has no room comes to the function's
/// start again with another stack (morestack), so what is before the end of the check would count it twice. Behind the check at least 800 bytes below rsp
/// are the goroutine's (StackLimit in cmd/internal/objabi/stack.go: what a chain of functions without a check may use), and Go's code keeps nothing there.
/// The check is one of (stacksplit in cmd/internal/obj/x86/obj6.go, ABIInternal; r14 is the goroutine, its stackguard0 at 0x10):
/// <code>
/// cmp rsp, [r14+0x10]; jbe more                                              frame up to 128 bytes (StackSmall)
/// lea r12, [rsp-n]; cmp r12, [r14+0x10]; jbe more                            frame up to n + 128
/// mov r12, rsp; sub r12, n; jb more; cmp r12, [r14+0x10]; jbe more           frame up to n + 128
/// more: ...; call morestack; ...; jmp start
/// </code>
/// </remarks>
internal sealed class GoEntryClassifier(FunctionScope scope)
{
    private const int SmallFrame = 128;
    private const ulong StackGuard = 0x10;
    private const int MaxSpills = 64;

    private long _room; // bytes of the frame that the check has seen to and that are not taken yet

    /// <summary>The entry site, or null and the reason.</summary>
    internal SitePlan? Classify(out RefusalReason refusal)
    {
        refusal = RefusalReason.GoUnchecked;
        if (scope.IsLost || Check() is not { } check)
            return null;
        refusal = RefusalReason.GoNoInstruction;
        if (check.Length >= FunctionScope.JumpLength && scope.CheckRegion(check.Address, check.Length) == RefusalReason.None)
            return Site(check) with { CountsNotTaken = true };
        return Behind(check) is { } instruction ? Site(instruction) : null;
    }

    /// <summary>The jump that ends the check; null where there is none.</summary>
    private DecodedInstruction? Check()
    {
        scope.Code.Seek(scope.Code.Parts[0], scope.Entry);
        InstructionReader reader = scope.Code.Reader;
        if (!reader.TryRead(out Instruction instruction))
            return null;
        Register compared = Register.RSP;
        _room = SmallFrame;
        if (instruction.Code == Iced.Intel.Code.Lea_r64_m && instruction is { Op0Register: Register.R12, MemoryBase: Register.RSP, MemoryIndex: Register.None })
        {
            compared = Register.R12;
            _room -= unchecked((long)instruction.MemoryDisplacement64);
            reader.TryRead(out instruction);
        }
        else if (IsRegister(instruction, Mnemonic.Mov, Register.R12) && instruction.Op1Register == Register.RSP)
        {
            reader.TryRead(out instruction);
            if (!IsRegister(instruction, Mnemonic.Sub, Register.R12) || Number(instruction) is not { } size)
                return null;
            compared = Register.R12;
            _room += size;
            if (!reader.TryRead(out instruction) || instruction.Mnemonic != Mnemonic.Jb || !LeadsToMore(new(instruction.NearBranchTarget)))
                return null;
            reader.TryRead(out instruction);
        }

        bool compares = IsRegister(instruction, Mnemonic.Cmp, compared) && instruction is { MemoryBase: Register.R14, MemoryIndex: Register.None, MemoryDisplacement64: StackGuard };
        if (!compares || _room < SmallFrame || !reader.TryRead(out Instruction jump) || jump.Mnemonic != Mnemonic.Jbe || !LeadsToMore(new(jump.NearBranchTarget)))
            return null;
        return scope.Code.All[scope.Code.IndexOf(new(jump.IP))];
    }

    // Its arguments are spilled, more stack is asked for, the arguments are loaded again, and the function starts anew.
    private bool LeadsToMore(ImageAddress target)
    {
        int at = scope.Code.IndexOf(target), end = at + MaxSpills;
        bool called = false;
        for (; at >= 0 && at < end && at < scope.Code.All.Length; at++)
        {
            DecodedInstruction instruction = scope.Code.All[at];
            if (instruction.Kind == InstructionKind.Jump)
                return called && instruction.Target == scope.Entry;
            if (instruction.Kind == InstructionKind.Call && !called)
                called = true;
            else if (instruction.Kind is not (InstructionKind.Plain or InstructionKind.Nop))
                return false;
        }

        return false;
    }

    /// <summary>The first instruction long enough that every call of the function passes once: nothing before it jumps, is jumped to, or faults.</summary>
    private DecodedInstruction? Behind(in DecodedInstruction check)
    {
        for (int at = scope.Code.IndexOf(check.Address) + 1; at < scope.Code.Of(0).Length; at++)
        {
            DecodedInstruction decoded = scope.Code.All[at];
            if (scope.Facts.Targets.Contains(decoded.Address) || decoded.Kind is not (InstructionKind.Plain or InstructionKind.Nop or InstructionKind.Call))
                return null;
            scope.Code.Seek(scope.Code.Parts[0], decoded.Address);
            scope.Code.Reader.TryRead(out Instruction instruction);
            if (RegionRules.MayFault(instruction) || RegionRules.Check(instruction, decoded.Kind, scope.Facts.Input) != RefusalReason.None || !FitsFrame(instruction) || IsBelow(instruction))
                return null;
            if (decoded.Length >= FunctionScope.JumpLength && scope.CheckRegion(decoded.Address, decoded.Length) == RefusalReason.None)
                return IsOnce(instruction) ? decoded : null;
            if (decoded.Kind == InstructionKind.Call)
                return null;
        }

        return null;
    }

    // Where jumps are not all known, only what makes the frame is certain not to be in a loop.
    private bool IsOnce(in Instruction instruction) =>
        !scope.Code.HasIndirectJump || instruction.Op0Register == Register.RSP || instruction is { Mnemonic: Mnemonic.Mov, Op1Register: Register.RBP, MemoryBase: Register.RSP };

    // What is written before a call of duffzero may stand below rsp, where the stub writes.
    private static bool IsBelow(in Instruction instruction) => instruction.MemoryBase == Register.RSP && unchecked((long)instruction.MemoryDisplacement64) < 0;

    // The check has seen to the frame as the compiler makes it; what takes more, or moves rsp otherwise, was made by somebody else.
    private bool FitsFrame(in Instruction instruction)
    {
        if (instruction.Mnemonic == Mnemonic.Push)
            _room -= sizeof(ulong);
        else if (instruction is { Op0Kind: OpKind.Register, Op0Register: Register.RSP or Register.ESP or Register.SP or Register.SPL } && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test))
            _room -= Taken(instruction) ?? long.MaxValue / 2;
        else if (instruction.StackPointerIncrement != 0 && instruction.FlowControl != FlowControl.Call)
            return false;
        return _room >= 0;
    }

    private static long? Taken(in Instruction instruction) =>
        instruction.Op0Register != Register.RSP ? null
        : instruction.Mnemonic == Mnemonic.Sub && Number(instruction) is { } taken and >= 0 ? taken
        : instruction.Mnemonic == Mnemonic.Add && Number(instruction) is { } given and <= 0 ? -given
        : null;

    private static long? Number(in Instruction instruction) => instruction.Op1Kind switch
    {
        OpKind.Immediate8to64 => instruction.Immediate8to64,
        OpKind.Immediate32to64 => instruction.Immediate32to64,
        _ => null,
    };

    private static bool IsRegister(in Instruction instruction, Mnemonic mnemonic, Register register) =>
        instruction.Mnemonic == mnemonic && instruction.Op0Kind == OpKind.Register && instruction.Op0Register == register;

    private SitePlan Site(in DecodedInstruction instruction)
    {
        scope.Code.Seek(scope.Code.Parts[0], instruction.Address);
        bool flagsDead = FlagLiveness.DeadFrom(scope.Code.Reader);
        int length = instruction.Length;
        return new(instruction.Address, length, SiteKind.Entry, SiteClass.SingleInstruction, default, length, length, null, flagsDead, CombinedExit: false)
        {
            Original = scope.BytesOf(instruction.Address, length),
        };
    }
}
