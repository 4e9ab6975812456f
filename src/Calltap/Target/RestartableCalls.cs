using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// What becomes of a system call that a tracer's interruption cut short: which sleepers may be borrowed, and which calls may be made
/// again by putting rip back on the syscall instruction (A14).
/// </summary>
internal static class RestartableCalls
{
    /// <summary>Not to be borrowed.</summary>
    internal const int Never = int.MaxValue;

    /// <summary>The worst rank of those whose restart is exact.</summary>
    internal const int Exact = 6;

    /// <summary>A relative timeout, which starts anew: the last resort.</summary>
    internal const int LastResort = 9;

    internal const long EINTR = -4;
    internal const long ERESTARTSYS = -512;
    internal const long ERESTARTNOINTR = -513;
    internal const long ERESTARTNOHAND = -514;
    internal const long ERESTART_RESTARTBLOCK = -516;

    private const int NR_restart_syscall = 219;
    private const ulong MSG_WAITALL = 0x100;
    private const ulong FutexCommandMask = 0x7f;
    private const ulong FUTEX_WAIT_BITSET = 9;

    /// <summary>How well a thread asleep in a call can be borrowed; smaller is better. The arguments are as in the registers.</summary>
    internal static int Rank(long number, ulong a1, ulong a2, ulong a3) => number switch
    {
        232 or 281 => (int)a3 < 0 ? 1 : LastResort, // epoll_wait, epoll_pwait: milliseconds
        441 => a3 == 0 ? 1 : LastResort, // epoll_pwait2: pointer
        0 or 19 or 43 or 288 => 2, // read, readv, accept, accept4
        45 => (a3 & MSG_WAITALL) == 0 ? 2 : Never, // recvfrom
        47 => (a2 & MSG_WAITALL) == 0 ? 2 : Never, // recvmsg
        61 or 247 => 3, // wait4, waitid
        202 => Futex(a1 & FutexCommandMask, a3),
        7 => (int)a2 < 0 ? 5 : LastResort, // poll
        23 or 270 or 271 => 5, // select, pselect6, ppoll: the kernel writes the time left
        34 or 130 => 5, // pause, rt_sigsuspend
        230 => (a1 & 1) != 0 ? Exact : LastResort, // clock_nanosleep: TIMER_ABSTIME
        35 => LastResort, // nanosleep
        _ => Never,
    };

    /// <summary>
    /// Whether a call that our interruption made return EINTR may simply be made again: nothing was transferred, freed or consumed.
    /// Never close. Only when no deliverable signal is pending, or the EINTR is genuine.
    /// </summary>
    internal static bool MayRepeatAfterEintr(long number) => number is
        232 or 281 or 441 // epoll_wait, epoll_pwait, epoll_pwait2
        or 0 or 19 or 45 or 47 or 299 or 43 or 288 // read, readv, recvfrom, recvmsg, recvmmsg, accept, accept4 (SO_RCVTIMEO)
        or 42 or 44 or 46 // connect, sendto, sendmsg (SO_SNDTIMEO)
        or 128 // rt_sigtimedwait
        or 65 or 220 // semop, semtimedop
        or 69 or 70 // msgsnd, msgrcv
        or 208 or 333 // io_getevents, io_pgetevents
        or 426; // io_uring_enter

    /// <summary>
    /// The registers with which a stopped thread goes on as if never interrupted, by a way that knows no restart logic: a call cut short is made
    /// again. False when that cannot be promised.
    /// </summary>
    internal static bool TryContinue(in user_regs_struct stopped, out user_regs_struct continued)
    {
        continued = stopped;
        long number = (long)stopped.orig_rax;
        if (number < 0)
            return true;
        bool? repeat = (long)stopped.rax switch
        {
            ERESTARTSYS or ERESTARTNOINTR or ERESTARTNOHAND => number == NR_restart_syscall ? null : true,
            ERESTART_RESTARTBLOCK => Rank(number, stopped.rsi, stopped.rdx, stopped.r10) == Never ? null : true,
            EINTR => MayRepeatAfterEintr(number),
            _ => false,
        };
        if (repeat == true)
            Rewind(ref continued);
        return repeat is not null;
    }

    /// <summary>
    /// Makes a stopped thread repeat the call that it was interrupted in, where that failed with an EINTR of our making.
    /// </summary>
    /// <param name="tid">The thread.</param>
    /// <param name="registers">Its registers, which are set to <paramref name="registers"/> when the call is repeated.</param>
    /// <param name="signal">
    /// The signal that it is stopped with; 0 when none. One that the program ignores wakes nobody but in a traced process (sig_ignored in
    /// kernel/signal.c): an EINTR that comes with it is of our making too.
    /// </param>
    internal static bool TryRepeatAfterEintr(Tid tid, ref user_regs_struct registers, int signal = 0)
    {
        if ((long)registers.orig_rax < 0 || (long)registers.rax != EINTR || !MayRepeatAfterEintr((long)registers.orig_rax))
            return false;
        if (signal != 0 && !SignalActions.Of(tid).Ignores(signal))
            return false;
        if (!Ptrace.GetSigMask(tid, out ulong mask).Ok || !PendingSignals.AllowHijack(tid, mask, inCall: true))
            return false;
        // The mask that epoll_pwait and the like wait with ends with the call: a signal that only that one lets through must find the
        // call made again, and end it.
        if (!Ptrace.SetSigMask(tid, mask).Ok)
            return false;
        Rewind(ref registers);
        return Ptrace.SetRegs(tid, registers).Ok;
    }

    /// <summary>
    /// The opposite, for a thread that has not executed an instruction since: a signal that the program handles has come, and would have ended
    /// the call.
    /// </summary>
    internal static bool TryEndRepeatedCall(Tid tid, ref user_regs_struct registers, int signal)
    {
        if ((long)registers.orig_rax >= 0 || SignalActions.Of(tid).Ignores(signal))
            return false;
        registers.rip += 2;
        registers.rax = unchecked((ulong)EINTR);
        return Ptrace.SetRegs(tid, registers).Ok;
    }

    /// <summary>Back to the two bytes of the syscall instruction, with the number where it takes it.</summary>
    internal static void Rewind(ref user_regs_struct registers)
    {
        registers.rip -= 2;
        registers.rax = registers.orig_rax;
        registers.orig_rax = ulong.MaxValue;
    }

    // Without a timeout, or FUTEX_WAIT_BITSET whose timeout is absolute, a restart is exact; FUTEX_WAIT's is relative.
    private static int Futex(ulong command, ulong timeout) => (command, timeout) switch
    {
        (_, 0) => 4,
        (FUTEX_WAIT_BITSET, _) => Exact,
        _ => LastResort,
    };
}
