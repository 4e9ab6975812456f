using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>asm-generic/siginfo.h: 128 bytes, of which this engine reads the head and the SIGCHLD member of the union.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct siginfo_t
{
    /// <summary>si_code of a trap raised by the CPU through the kernel's force_sig: what int3 gives.</summary>
    internal const int SI_KERNEL = 0x80;

    [FieldOffset(0)] internal int si_signo;
    [FieldOffset(4)] internal int si_errno;
    [FieldOffset(8)] internal int si_code;
    [FieldOffset(16)] internal int si_pid;
    [FieldOffset(20)] internal int si_uid;

    /// <summary>For waitid: the exit status or signal; for a ptrace stop the signal in bits 0-7 and the event in bits 8-15.</summary>
    [FieldOffset(24)] internal int si_status;

    /// <summary>For a queued signal: what its sender gave with it.</summary>
    [FieldOffset(24)] internal ulong si_value;
}
