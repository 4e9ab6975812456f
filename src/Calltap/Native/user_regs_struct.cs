using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>sys/user.h: the registers as PTRACE_GETREGS and SETREGS move them; 27 quadwords.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct user_regs_struct
{
    internal ulong r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;

    /// <summary>The number of the system call the thread is in, or -1 when it came from user code.</summary>
    internal ulong orig_rax;

    internal ulong rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
}
