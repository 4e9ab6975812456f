namespace Calltap.Code.Analysis;

/// <summary>How an instruction hands on control: all that finding exits and targets needs.</summary>
internal enum InstructionKind : byte
{
    /// <summary>No instruction; one byte was skipped.</summary>
    Invalid,

    /// <summary>Goes on to the next instruction.</summary>
    Plain,

    /// <summary>An assembler-form nop (90, 66 90, 0F 1F).</summary>
    Nop,

    /// <summary>endbr64.</summary>
    EndBranch,

    /// <summary>int3, as padding.</summary>
    Breakpoint,

    /// <summary>call rel32.</summary>
    Call,

    /// <summary>call r/m64.</summary>
    IndirectCall,

    /// <summary>jmp rel8 or rel32.</summary>
    Jump,

    /// <summary>jcc rel8 or rel32.</summary>
    ConditionalJump,

    /// <summary>loop, loopcc, jrcxz: rel8 only.</summary>
    CountedJump,

    /// <summary>xbegin: its operand is the abort handler's address.</summary>
    TransactionBegin,

    /// <summary>jmp r/m64.</summary>
    IndirectJump,

    /// <summary>ret, ret imm16, with any prefix.</summary>
    Return,

    /// <summary>syscall, int n and the like: goes on after the kernel has seen rip.</summary>
    System,

    /// <summary>ud2 and hlt: nothing behind it is reached by falling through.</summary>
    Trap,

    /// <summary>Far jumps, far returns, iret, sysret.</summary>
    FarTransfer,
}
