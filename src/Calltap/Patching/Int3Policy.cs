namespace Calltap.Patching;

/// <summary>What a thread that meets a breakpoint of ours does (<c>--int3</c>). All three give the same trace.</summary>
public enum Int3Policy
{
    /// <summary>What the site is becoming.</summary>
    Site,

    /// <summary>
    /// It goes to the caller that saves all registers, which asks each op in turn; all refuse where none wants the function (the kernel's
    /// ftrace_regs_caller and ftrace_ops_list_func).
    /// </summary>
    Caller,

    /// <summary>It is held until the last pass is over, and executes what is there then.</summary>
    Park,
}
