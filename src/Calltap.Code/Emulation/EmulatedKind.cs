namespace Calltap.Code;

/// <summary>What an int3 hides, as far as it can be emulated.</summary>
public enum EmulatedKind
{
    /// <summary>Goes on at the target.</summary>
    Jump,

    /// <summary>Goes on at the target when the condition holds, else behind the instruction.</summary>
    ConditionalJump,

    /// <summary>Pushes the return address and goes on at the target. Writes [rsp-8]: right only at a true entry (red zone).</summary>
    Call,

    /// <summary>Goes on behind the instruction.</summary>
    Nop,

    /// <summary>Pops the target, and the bytes a <c>ret imm16</c> names.</summary>
    Return,
}
