using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// The memory, mostly below a thread's red zone, through which it gets back the state it was stopped in, tracer or no tracer (A6): a few return
/// addresses, then the signal context that rt_sigreturn(2) takes from rsp (arch/x86/include/uapi/asm/sigcontext.h, ucontext.h):
/// <code>
///   Address     chain: the addresses that lead to rt_sigreturn
///   + chain     ucontext: uc_flags 0, uc_stack 16, gregs 40, segments 184, fpstate 224, uc_sigmask 296
///   64-aligned  extended state
/// </code>
/// </summary>
internal sealed record RestoreFrame(TargetAddress Address, byte[] Bytes)
{
    /// <summary>What the running function may have below rsp (psABI 3.2.2).</summary>
    internal const int RedZone = 128;

    private const int UContextBytes = 304;
    private const int StackFlags = 16 + 8;
    private const int GeneralRegisters = 40;
    private const int Segments = GeneralRegisters + 144;
    private const int FloatingPointer = GeneralRegisters + 184;
    private const int SignalMask = GeneralRegisters + 256;
    private const int StateAlignment = 64;
    private const int MostChain = 4 * sizeof(ulong);
    private const ulong UC_FP_XSTATE = 1;
    private const ulong UC_SIGCONTEXT_SS = 2;
    private const ulong UC_STRICT_RESTORE_SS = 4;

    /// <summary>No valid mode: the kernel's restore_altstack drops the EINVAL and leaves the alternate stack as it is.</summary>
    private const uint InvalidStackFlags = 7;

    /// <summary>The most that a frame with such an extended state takes.</summary>
    internal static int MostBytes(byte[] extendedState) => extendedState.Length + StateAlignment + UContextBytes + MostChain;

    /// <summary>The frame, below <paramref name="top"/>, for a thread whose registers shall become <paramref name="registers"/>.</summary>
    internal static RestoreFrame Build(TargetAddress top, in user_regs_struct registers, ulong mask, byte[] extendedState, ReadOnlySpan<ulong> chain)
    {
        ulong state = (top.Value - (ulong)extendedState.Length) & ~(ulong)(StateAlignment - 1);
        ulong context = state - UContextBytes;
        ulong start = context - (ulong)(chain.Length * sizeof(ulong));
        byte[] bytes = new byte[(int)(state - start) + extendedState.Length];
        MemoryMarshal.AsBytes(chain).CopyTo(bytes);
        FillContext(bytes.AsSpan((int)(context - start), UContextBytes), registers, mask, state);
        extendedState.CopyTo(bytes, (int)(state - start));
        return new RestoreFrame(new TargetAddress(start), bytes);
    }

    private static void FillContext(Span<byte> context, in user_regs_struct r, ulong mask, ulong state)
    {
        Put(context, 0, UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS);
        Put(context, StackFlags, InvalidStackFlags);
        ReadOnlySpan<ulong> general =
            [r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx, r.rdx, r.rax, r.rcx, r.rsp, r.rip, r.eflags];
        MemoryMarshal.AsBytes(general).CopyTo(context[GeneralRegisters..]);
        Put(context, Segments, (r.cs & 0xffff) | (r.gs & 0xffff) << 16 | (r.fs & 0xffff) << 32 | (r.ss & 0xffff) << 48);
        Put(context, FloatingPointer, state);
        Put(context, SignalMask, mask);
    }

    private static void Put(Span<byte> context, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(context[offset..], value);
}
