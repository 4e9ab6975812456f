namespace Calltap.Target;

/// <summary>Why a process cannot be traced.</summary>
public enum AttachRefusal
{
    /// <summary>There is no such process, or it is a zombie.</summary>
    NoSuchProcess,

    /// <summary>The number is that of a thread, not of a process.</summary>
    NotAProcess,

    /// <summary>The process belongs to someone else, or is protected from inspection.</summary>
    NotPermitted,

    /// <summary>Yama's ptrace_scope forbids it.</summary>
    Yama,

    /// <summary>The program is not 64-bit x86.</summary>
    OtherMachine,

    /// <summary>A kernel thread: no user memory.</summary>
    KernelThread,

    /// <summary>Another process traces it: there can be one tracer.</summary>
    AlreadyTraced,

    /// <summary>A seccomp filter is active: an injected system call could kill the process.</summary>
    SeccompFilter,

    /// <summary>A user shadow stack is active, which an injected signal return does not serve.</summary>
    ShadowStack,

    /// <summary>The process is stopped by a signal.</summary>
    Stopped,

    /// <summary>No thread could be borrowed for an injected system call within the time allowed.</summary>
    NoUsableThread,

    /// <summary>The process ended, or replaced its program, while being attached to.</summary>
    TargetEnded,

    /// <summary>The command to be started cannot be run.</summary>
    CannotRun,

    /// <summary>The kernel or the process's limits do not allow what the engine needs.</summary>
    Unsupported,
}
