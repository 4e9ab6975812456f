namespace Calltap.Code;

/// <summary>The general registers of a thread, as values. Field order is the encoding's; it is no layout of any system interface.</summary>
public record struct RegisterBlock
{
    /// <summary>Instruction pointer.</summary>
    public TargetAddress Rip { get; set; }

    /// <summary>Flags.</summary>
    public ulong Rflags { get; set; }

    /// <summary>rax.</summary>
    public ulong Rax { get; set; }

    /// <summary>rcx.</summary>
    public ulong Rcx { get; set; }

    /// <summary>rdx.</summary>
    public ulong Rdx { get; set; }

    /// <summary>rbx.</summary>
    public ulong Rbx { get; set; }

    /// <summary>Stack pointer.</summary>
    public TargetAddress Rsp { get; set; }

    /// <summary>rbp.</summary>
    public ulong Rbp { get; set; }

    /// <summary>rsi.</summary>
    public ulong Rsi { get; set; }

    /// <summary>rdi.</summary>
    public ulong Rdi { get; set; }

    /// <summary>r8.</summary>
    public ulong R8 { get; set; }

    /// <summary>r9.</summary>
    public ulong R9 { get; set; }

    /// <summary>r10.</summary>
    public ulong R10 { get; set; }

    /// <summary>r11.</summary>
    public ulong R11 { get; set; }

    /// <summary>r12.</summary>
    public ulong R12 { get; set; }

    /// <summary>r13.</summary>
    public ulong R13 { get; set; }

    /// <summary>r14.</summary>
    public ulong R14 { get; set; }

    /// <summary>r15.</summary>
    public ulong R15 { get; set; }
}
