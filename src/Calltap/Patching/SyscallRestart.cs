using Calltap.Native;

namespace Calltap.Patching;

/// <summary>
/// Repairs what our interruption did to a system call: some calls return EINTR even where no signal was handled, and
/// programs do not expect that. Only calls that can be started again without harm; the kernel restarts the rest
/// itself (signal(7), "Interruption of system calls ... by stop signals").
/// </summary>
static class SyscallRestart
{
    const long EINTR = -4;

    /// <summary>
    /// When the stopped thread's call failed with EINTR and is one of those, puts rip back to the `syscall`
    /// instruction and the number back into rax.
    /// </summary>
    public static bool TryRewind(Tid tid, ref user_regs_struct registers, Span<siginfo_t> scratch)
    {
        if ((long)registers.orig_rax < 0 || (long)registers.rax != EINTR || !IsRestartable(registers.orig_rax)) return false;
        if (HasDeliverableSignal(tid, scratch)) return false; // then the EINTR is the program's own
        registers.rip -= 2; // 0F 05
        registers.rax = registers.orig_rax;
        return true;
    }

    static bool HasDeliverableSignal(Tid tid, Span<siginfo_t> scratch)
    {
        if (!Ptrace.GetSigMask(tid, out ulong blocked).Ok) return true;
        for (int shared = 0; shared <= 1; shared++)
        {
            SysResult<int> pending = Ptrace.PeekSigInfo(tid, shared == 1, scratch);
            if (!pending.Ok) return true;
            foreach (ref readonly siginfo_t signal in scratch[..pending.Value])
                if ((blocked & Signals.Bit(signal.si_signo)) == 0) return true;
        }
        return false;
    }

    // Never close: the descriptor is gone, and may be someone else's by now.
    static bool IsRestartable(ulong number) => number is
        232 or 281 or 441 // epoll_wait, epoll_pwait, epoll_pwait2
        or 128            // rt_sigtimedwait
        or 65 or 220      // semop, semtimedop
        or 69 or 70       // msgsnd, msgrcv
        or 208 or 333     // io_getevents, io_pgetevents
        or 426            // io_uring_enter
        or 45 or 47 or 299 // recvfrom, recvmsg, recvmmsg
        or 43 or 288      // accept, accept4
        or 42;            // connect
}
