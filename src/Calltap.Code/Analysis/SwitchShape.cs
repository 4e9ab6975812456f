namespace Calltap.Code.Analysis;

/// <summary>How an indirect jump gets its target.</summary>
internal enum SwitchShape : byte
{
    /// <summary>From a register or memory cell of unknown content: a tail call, or a computed goto.</summary>
    Opaque,

    /// <summary>Through a rip-relative cell without index: the GOT.</summary>
    Got,

    /// <summary>The address of a label, formed in plain sight.</summary>
    Label,

    /// <summary>From a register, right behind the stack and frame pointers that came from others: longjmp.</summary>
    LongJump,

    /// <summary><c>movsxd r,[table+index*4]; add r,base</c>: a table of 32-bit distances, from the table as a rule.</summary>
    Relative4,

    /// <summary><c>jmp [table+index*8]</c>, or a load of that shape: a table of addresses.</summary>
    Absolute8,
}
