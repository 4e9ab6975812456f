namespace Calltap.Patching;

/// <summary>What the guard knows of one thread.</summary>
struct GuardedThread
{
    public Tid Tid;

    /// <summary>The process it belongs to: the target, or one that shares its memory.</summary>
    public Pid Process;

    /// <summary>Seen, in the present phase, where the phase wants it.</summary>
    public bool Observed;

    /// <summary>PTRACE_INTERRUPT was sent in the present phase.</summary>
    public bool Interrupted;

    /// <summary>It blocked SIGTRAP when it was seized: the kernel unblocks it at a breakpoint.</summary>
    public bool BlocksTrap;

    /// <summary>The thread has ended or left the target.</summary>
    public bool Gone;

    /// <summary>A fork child: its own copy of the text is being mended; not resumed before.</summary>
    public bool ForkChild;
}
