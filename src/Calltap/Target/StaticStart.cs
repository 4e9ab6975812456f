using System.Buffers.Binary;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// The way of a static program from its first instruction to the one at which its C library has set up the thread pointer and what lies behind
/// it: no dynamic linker has done that. In a program of Go alone nothing lies behind it. Its relocations, IRELATIVE ones too, are done by then; its constructors and main have not run.
/// <code>
///   first instruction -> [system call]* -> arch_prctl(ARCH_SET_FS) -> [step]* -> ready
/// </code>
/// On the ptrace thread only, with TRACESYSGOOD. A program that does anything else first was not made with such a library, and is given up before it
/// has done it.
/// </summary>
internal sealed class StaticStart(TargetProcess target, Tid tid, KeptSignals signals, Deadline deadline)
{
    private const ulong ARCH_SET_FS = 0x1002;
    private const int MaxCalls = 256;
    private const int MaxSteps = 4000; // glibc 2.36 needs 150, musl 1.2.3 20

    // Offsets behind the thread pointer. glibc has its address at 0 and 0x10 (tcbhead_t) and the robust list's head, which it registers last;
    // musl at 0 and, when it is done, in prev and next (MuslThreadRing).
    private const int Second = 0x10, Third = 0x18, Looked = 0x20;
    private const ulong GlibcDescriptor = 0x700;

    // What libraries call before: they look at the machine, and get memory for thread-local storage.
    private static readonly HashSet<ulong> s_harmless =
    [
        9, 10, 11, 12, // mmap, mprotect, munmap, brk
        14, 39, 63, 89, 97, // rt_sigprocmask, getpid, uname, readlink, getrlimit
        102, 104, 107, 108, // getuid, getgid, geteuid, getegid
        157, 158, 218, 267, 302, 318, 334, // prctl, arch_prctl, set_tid_address, readlinkat, prlimit64, getrandom, rseq
    ];

    /// <summary>Whether the program, which stands at its first instruction, has come there; if not, it stands somewhere before its own code.</summary>
    internal bool Run()
    {
        if (!RunToThreadPointer())
            return false;
        for (int steps = 0; steps < MaxSteps; steps++)
        {
            if (!Ptrace.GetRegs(tid, out user_regs_struct registers).Ok)
                return false;
            // Past a system call there is one more step, behind which the kernel knows nothing of it.
            if (registers.orig_rax == ulong.MaxValue && (IsReady(registers.fs_base) || (target.IsGoAlone && registers.fs_base != 0)))
                return true;
            if (!Next(Ptrace.SingleStep))
                return false;
        }
        return false;
    }

    private bool RunToThreadPointer()
    {
        for (int calls = 0; calls < MaxCalls; calls++)
        {
            if (!Next(Ptrace.Syscall) || !Ptrace.GetRegs(tid, out user_regs_struct registers).Ok || !s_harmless.Contains(registers.orig_rax))
                return false;
            if (!Next(Ptrace.Syscall))
                return false;
            if (registers.orig_rax == SystemCall.NR_arch_prctl && registers.rdi == ARCH_SET_FS)
                return true;
        }
        return false;
    }

    private bool Next(Func<Tid, int, SysResult> resume)
    {
        SysResult resumed = resume(tid, 0);
        while (resumed.Ok)
        {
            TraceeStop stop = TraceeStop.Next(tid, deadline);
            switch (stop.Kind)
            {
                case StopKind.Syscall or StopKind.Signal when stop.Signal is 0 or Signals.SIGTRAP:
                    return true;
                case StopKind.Signal or StopKind.Interrupted or StopKind.GroupStop:
                    signals.Take(stop);
                    resumed = resume(tid, 0);
                    break;
                default:
                    return false;
            }
        }
        return false;
    }

    private bool IsReady(ulong pointer)
    {
        Span<byte> bytes = stackalloc byte[Looked];
        if (pointer == 0 || target.ReadMemory(new TargetAddress(pointer), bytes) != bytes.Length)
            return false;
        if (Word(bytes, 0) != pointer || Word(bytes, Second) != pointer)
            return false;
        return Word(bytes, Third) == pointer || RobustList.HeadOf(tid) is { Ok: true, Value: var head } && head >= pointer && head < pointer + GlibcDescriptor;
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
