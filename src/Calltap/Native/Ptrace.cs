using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>
/// ptrace(2). Every request must come from the thread that seized the tracee: from another it gives ESRCH. Nothing here allocates.
/// ESRCH also means that the tracee is not in a ptrace stop, or has ended; EPERM that it may not be, or already is, traced.
/// </summary>
internal static unsafe partial class Ptrace
{
    internal const int PTRACE_CONT = 7;
    internal const int PTRACE_GETREGS = 12;
    internal const int PTRACE_SETREGS = 13;
    internal const int PTRACE_DETACH = 17;
    internal const int PTRACE_SINGLESTEP = 9;
    internal const int PTRACE_SYSCALL = 24;
    internal const int PTRACE_SETOPTIONS = 0x4200;
    internal const int PTRACE_GETEVENTMSG = 0x4201;
    internal const int PTRACE_GETSIGINFO = 0x4202;
    internal const int PTRACE_SETSIGINFO = 0x4203;
    internal const int PTRACE_GETREGSET = 0x4204;
    internal const int PTRACE_SETREGSET = 0x4205;
    internal const int PTRACE_SEIZE = 0x4206;
    internal const int PTRACE_INTERRUPT = 0x4207;
    internal const int PTRACE_LISTEN = 0x4208;
    internal const int PTRACE_PEEKSIGINFO = 0x4209;
    internal const int PTRACE_GETSIGMASK = 0x420a;
    internal const int PTRACE_SETSIGMASK = 0x420b;

    internal const int PTRACE_O_TRACESYSGOOD = 0x01;
    internal const int PTRACE_O_TRACEFORK = 0x02;
    internal const int PTRACE_O_TRACEVFORK = 0x04;
    internal const int PTRACE_O_TRACECLONE = 0x08;
    internal const int PTRACE_O_TRACEEXEC = 0x10;

    internal const int PTRACE_EVENT_FORK = 1;
    internal const int PTRACE_EVENT_VFORK = 2;
    internal const int PTRACE_EVENT_CLONE = 3;
    internal const int PTRACE_EVENT_EXEC = 4;
    internal const int PTRACE_EVENT_STOP = 128;

    internal const int PTRACE_PEEKSIGINFO_SHARED = 1;
    internal const int NT_X86_XSTATE = 0x202;

    internal static SysResult Seize(Tid tid, int options) => Call(PTRACE_SEIZE, tid, 0, options);

    internal static SysResult SetOptions(Tid tid, int options) => Call(PTRACE_SETOPTIONS, tid, 0, options);

    internal static SysResult Interrupt(Tid tid) => Call(PTRACE_INTERRUPT, tid, 0, 0);

    /// <summary>Leaves a thread in its group stop, yet lets it report the end of that stop (A29).</summary>
    internal static SysResult Listen(Tid tid) => Call(PTRACE_LISTEN, tid, 0, 0);

    internal static SysResult Cont(Tid tid, int signal) => Call(PTRACE_CONT, tid, 0, signal);

    /// <summary>Resumes up to the next entry to or exit from a system call.</summary>
    internal static SysResult Syscall(Tid tid, int signal) => Call(PTRACE_SYSCALL, tid, 0, signal);

    internal static SysResult SingleStep(Tid tid, int signal) => Call(PTRACE_SINGLESTEP, tid, 0, signal);

    internal static SysResult Detach(Tid tid, int signal) => Call(PTRACE_DETACH, tid, 0, signal);

    internal static SysResult GetRegs(Tid tid, out user_regs_struct registers)
    {
        fixed (user_regs_struct* data = &registers)
            return Call(PTRACE_GETREGS, tid, 0, (nint)data);
    }

    internal static SysResult SetRegs(Tid tid, in user_regs_struct registers)
    {
        fixed (user_regs_struct* data = &registers)
            return Call(PTRACE_SETREGS, tid, 0, (nint)data);
    }

    /// <summary>The extended state, in the standard (not compacted) XSAVE format; the value is how many bytes were filled.</summary>
    internal static SysResult<int> GetXState(Tid tid, Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            iovec vector = new() { iov_base = data, iov_len = (nuint)buffer.Length };
            SysResult result = Call(PTRACE_GETREGSET, tid, NT_X86_XSTATE, (nint)(&vector));
            return new SysResult<int>((int)vector.iov_len, result.Errno);
        }
    }

    internal static SysResult SetXState(Tid tid, ReadOnlySpan<byte> state)
    {
        fixed (byte* data = state)
        {
            iovec vector = new() { iov_base = data, iov_len = (nuint)state.Length };
            return Call(PTRACE_SETREGSET, tid, NT_X86_XSTATE, (nint)(&vector));
        }
    }

    /// <summary>Copies queued, not yet delivered signals of the thread, or of the whole process when <paramref name="shared"/>; the value is how many.</summary>
    internal static SysResult<int> PeekSigInfo(Tid tid, bool shared, Span<siginfo_t> signals)
    {
        ptrace_peeksiginfo_args arguments = new()
        {
            off = 0,
            flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0u,
            nr = signals.Length,
        };
        fixed (siginfo_t* data = signals)
        {
            nint count = ptrace(PTRACE_PEEKSIGINFO, tid.Value, (nint)(&arguments), (nint)data);
            return new SysResult<int>((int)count, SysResult.FromLibc(count).Errno);
        }
    }

    internal static SysResult GetSigInfo(Tid tid, out siginfo_t signal)
    {
        fixed (siginfo_t* data = &signal)
            return Call(PTRACE_GETSIGINFO, tid, 0, (nint)data);
    }

    internal static SysResult SetSigInfo(Tid tid, in siginfo_t signal)
    {
        fixed (siginfo_t* data = &signal)
            return Call(PTRACE_SETSIGINFO, tid, 0, (nint)data);
    }

    internal static SysResult GetEventMsg(Tid tid, out ulong message)
    {
        fixed (ulong* data = &message)
            return Call(PTRACE_GETEVENTMSG, tid, 0, (nint)data);
    }

    /// <summary>The mask the thread itself chose: inside ppoll and the like the one that comes back afterwards.</summary>
    internal static SysResult GetSigMask(Tid tid, out ulong mask)
    {
        fixed (ulong* data = &mask)
            return Call(PTRACE_GETSIGMASK, tid, sizeof(ulong), (nint)data);
    }

    internal static SysResult SetSigMask(Tid tid, ulong mask) => Call(PTRACE_SETSIGMASK, tid, sizeof(ulong), (nint)(&mask));

    private static SysResult Call(int request, Tid tid, nint address, nint data) =>
        SysResult.FromLibc(ptrace(request, tid.Value, address, data));

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint ptrace(int request, int pid, nint addr, nint data);

    [StructLayout(LayoutKind.Sequential)]
    private struct ptrace_peeksiginfo_args
    {
        internal ulong off;
        internal uint flags;
        internal int nr;
    }
}
