using Calltap.Code.Emit;
using Calltap.Native;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Target;

/// <summary>
/// The machine code of the helper thread, position independent. Its first instructions run in the borrowed thread and clone the helper; the rest
/// runs in the helper alone, with every signal blocked. Registers there: rbx control page, r15 shared memory, r14 the pipe it reads,
/// r12d the last command done; while it starts r13 the memfd and ebp the step, later both a list's. The trap handler's code shares its page, which stays when the helper
/// leaves; at its end is what leads both to the window table.
/// </summary>
internal static class HelperCode
{
    /// <summary>Room it takes at the start of the code area.</summary>
    internal const int MaximumBytes = 4096;

    /// <summary>Where in it a signal handler returns to (SA_RESTORER).</summary>
    internal const int RestorerOffset = 2048;

    /// <summary>Where in it the trap handler begins.</summary>
    internal const int HandlerOffset = RestorerOffset + TrapHandlerEmitter.HandlerOffset;

    /// <summary>Where in it the handler of faults begins (<see cref="FaultHandlerEmitter"/>).</summary>
    internal const int FaultHandlerOffset = 3072;

    /// <summary>Where in it that one's data is.</summary>
    internal const int FaultData = HandlerData - FaultHandlerEmitter.DataSize;

    /// <summary>Where in it the trap handler's data is (<see cref="TrapHandlerEmitter"/>): the end of the page.</summary>
    internal const int HandlerData = MaximumBytes - TrapHandlerEmitter.DataSize;

    private const int O_CLOEXEC = 0x80000;
    private const int CLOSE_RANGE_UNSHARE = 2;
    private const int PipeStep = 5;
    private const int MFD_CLOEXEC = 1;
    private const int MFD_NOEXEC_SEAL = 8;
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;

    /// <summary>The bytes to place: all of the code area but the handlers' data.</summary>
    internal static ReadOnlyMemory<byte> Page { get; } = Emit();

    private static byte[] Emit()
    {
        byte[] page = new byte[FaultData];
        byte[] helper = EmitHelper(), handler = TrapHandlerEmitter.Emit(HandlerData - RestorerOffset);
        helper.CopyTo(page.AsSpan(0, RestorerOffset));
        handler.CopyTo(page.AsSpan(RestorerOffset, FaultHandlerOffset - RestorerOffset));
        FaultHandlerEmitter.Emit(FaultData - FaultHandlerOffset).CopyTo(page.AsSpan(FaultHandlerOffset));
        return page;
    }

    private static byte[] EmitHelper()
    {
        Assembler c = new(64);
        Label start = c.CreateLabel();
        c.Label(ref start);
        EmitClone(c);
        Label failed = c.CreateLabel();
        Label leave = c.CreateLabel();
        Label orphaned = c.CreateLabel();
        EmitStart(c, failed);
        EmitAwaitGo(c, leave);
        EmitLoop(c, orphaned, leave);
        c.Label(ref orphaned);
        WindowEndEmitter.Emit(c, start, leave);
        EmitLeave(c, ref leave);
        EmitFailed(c, ref failed);
        EmitGadget(c);
        using MemoryStream bytes = new();
        c.Assemble(new StreamCodeWriter(bytes), 0);
        return bytes.ToArray();
    }

    // Entered with clone's number and arguments in the registers and, on the borrowed stack, the way back.
    private static void EmitClone(Assembler c)
    {
        Label child = c.CreateLabel();
        c.syscall();
        c.test(eax, eax);
        c.je(child);
        c.ret();
        c.Label(ref child);
    }

    // An own, empty descriptor table; the shared memory; the pipe. Each failure ends the helper with its step and errno in the control page.
    private static void EmitStart(Assembler c, Label failed)
    {
        c.xor(edi, edi);
        c.mov(esi, -1);
        c.mov(edx, CLOSE_RANGE_UNSHARE);
        EmitStep(c, SystemCall.NR_close_range, 1, failed);
        EmitMemfd(c, failed);
        c.mov(r13d, eax);
        c.mov(edi, r13d);
        c.mov(rsi, __[rbx + ControlPage.SharedSize]);
        EmitStep(c, SystemCall.NR_ftruncate, 3, failed);
        c.xor(edi, edi);
        c.mov(rsi, __[rbx + ControlPage.SharedSize]);
        c.mov(edx, PROT_READ_WRITE);
        c.mov(r10d, MAP_SHARED);
        c.mov(r8d, r13d);
        c.xor(r9d, r9d);
        EmitStep(c, SystemCall.NR_mmap, 4, failed);
        c.mov(r15, rax);
        c.lea(rdi, __[rbx + ControlPage.Pipe]);
        c.mov(esi, O_CLOEXEC);
        EmitStep(c, SystemCall.NR_pipe2, PipeStep, failed);
        c.mov(r14d, __[rbx + ControlPage.Pipe]);
        c.mov(__[rbx + ControlPage.MemoryFile], r13d);
        c.mov(__[rbx + ControlPage.SharedAddress], r15);
        c.mov(__dword_ptr[rbx + ControlPage.State], ControlPage.Ready);
    }

    // Kernels before 6.3 do not know the seal; with vm.memfd_noexec=2 it is demanded.
    private static void EmitMemfd(Assembler c, Label failed)
    {
        Label done = c.CreateLabel();
        c.lea(rdi, __[rbx + ControlPage.Name]);
        c.mov(esi, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
        c.mov(eax, SystemCall.NR_memfd_create);
        c.syscall();
        c.cmp(rax, -(int)Errno.EINVAL);
        c.jne(done);
        c.mov(esi, MFD_CLOEXEC);
        c.mov(eax, SystemCall.NR_memfd_create);
        c.syscall();
        c.Label(ref done);
        c.mov(ebp, 2);
        c.test(rax, rax);
        c.js(failed);
    }

    private static void EmitStep(Assembler c, int number, int step, Label failed)
    {
        c.mov(eax, number);
        c.syscall();
        c.mov(ebp, step);
        c.test(rax, rax);
        c.js(failed);
    }

    // Until the tracer has opened both files and says so through the pipe: whoever comes too late writes to nobody, where a word in the memory
    // that the helper has left could be the program's by then. A tracer that dies before lets it leave after some seconds.
    private static void EmitAwaitGo(Assembler c, Label leave)
    {
        c.mov(__[rbx + ControlPage.Poll], r14d);
        c.lea(rdi, __[rbx + ControlPage.Poll]);
        c.mov(esi, 1);
        c.mov(edx, __[rbx + ControlPage.Patience]);
        c.mov(eax, SystemCall.NR_poll);
        c.syscall();
        c.cmp(eax, 1);
        c.jne(leave);
        EmitClose(c, __dword_ptr[rbx + ControlPage.Pipe + sizeof(int)]);
        EmitClose(c, __dword_ptr[rbx + ControlPage.MemoryFile]);
        c.xor(r12d, r12d); // the byte is read as a call whose command is done
    }

    private static void EmitClose(Assembler c, AssemblerMemoryOperand descriptor)
    {
        c.mov(edi, descriptor);
        c.mov(eax, SystemCall.NR_close);
        c.syscall();
    }

    // Sleeps in a read of the pipe, whose only writer is the tracer: its death is an end of file.
    private static void EmitLoop(Assembler c, Label orphaned, Label leave)
    {
        Label wait = c.CreateLabel();
        Label call = c.CreateLabel(), list = c.CreateLabel();
        Label done = c.CreateLabel();
        c.Label(ref wait);
        c.mov(edi, r14d);
        c.lea(rsi, __[rbx + ControlPage.PipeByte]);
        c.mov(edx, 1);
        c.xor(eax, eax);
        c.syscall();
        c.test(rax, rax);
        c.jle(orphaned);
        c.mov(eax, __[r15 + Mailbox.Command]); // Pairs with Mailbox.Post.
        c.cmp(eax, r12d);
        c.je(wait);
        c.mov(r12d, eax);
        EmitLoadArguments(c);
        c.cmp(rax, Mailbox.LeaveNumber);
        c.je(leave);
        c.cmp(rax, Mailbox.CallNumber);
        c.je(call);
        c.cmp(rax, Mailbox.ListNumber);
        c.je(list);
        c.syscall();
        c.Label(ref done);
        EmitAnswer(c);
        c.jmp(wait);
        c.Label(ref list);
        EmitList(c);
        c.jmp(done);
        c.Label(ref call);
        c.mov(rcx, r10);
        c.call(r9);
        c.jmp(done);
    }

    private static void EmitLoadArguments(Assembler c) => EmitLoad(c, r15, Mailbox.Number);

    // A system call's number and its six arguments, one qword behind another.
    private static void EmitLoad(Assembler c, AssemblerRegister64 from, int offset)
    {
        c.mov(rax, __[from + offset]);
        c.mov(rdi, __[from + offset + 8]);
        c.mov(rsi, __[from + offset + 16]);
        c.mov(rdx, __[from + offset + 24]);
        c.mov(r10, __[from + offset + 32]);
        c.mov(r8, __[from + offset + 40]);
        c.mov(r9, __[from + offset + 48]);
    }

    // In: rdi = the list, rsi = its length. Out: rax = what is left of it.
    private static void EmitList(Assembler c)
    {
        Label next = c.CreateLabel(), end = c.CreateLabel();
        c.mov(rbp, rdi);
        c.mov(r13, rsi);
        c.Label(ref next);
        c.test(r13, r13);
        c.je(end);
        EmitLoad(c, rbp, 0);
        c.syscall();
        c.cmp(rax, __[rbp + (Mailbox.ListEntryBytes - sizeof(long))]);
        c.jne(end);
        c.add(rbp, Mailbox.ListEntryBytes);
        c.dec(r13);
        c.jmp(next);
        c.Label(ref end);
        c.mov(rax, r13);
    }

    // The result before the word that announces it (TSO); pairs with Mailbox.TryTake.
    private static void EmitAnswer(Assembler c)
    {
        c.mov(__[r15 + Mailbox.Result], rax);
        c.mov(__[r15 + Mailbox.Done], r12d);
        c.lea(rdi, __[r15 + Mailbox.Done]);
        c.mov(esi, SystemCall.FUTEX_WAKE);
        c.mov(edx, int.MaxValue);
        c.mov(eax, SystemCall.NR_futex);
        c.syscall();
    }

    // Needs no stack any more: its own memory goes first.
    private static void EmitLeave(Assembler c, ref Label leave)
    {
        c.Label(ref leave);
        c.mov(rdi, r15);
        c.mov(rsi, __[rbx + ControlPage.SharedSize]);
        c.mov(eax, SystemCall.NR_munmap);
        c.syscall();
        c.mov(rdi, rbx);
        c.mov(esi, ControlPage.Bytes);
        c.mov(eax, SystemCall.NR_munmap);
        c.syscall();
        EmitExit(c);
    }

    // The only step with something mapped behind it is the last. The control page is the tracer's to unmap: it says what failed.
    private static void EmitFailed(Assembler c, ref Label failed)
    {
        c.Label(ref failed);
        c.mov(__[rbx + ControlPage.Error], rax);
        c.mov(__[rbx + ControlPage.Step], ebp);
        Label unmapped = c.CreateLabel();
        c.cmp(ebp, PipeStep);
        c.jne(unmapped);
        c.mov(rdi, r15);
        c.mov(rsi, __[rbx + ControlPage.SharedSize]);
        c.mov(eax, SystemCall.NR_munmap);
        c.syscall();
        c.Label(ref unmapped);
        c.mov(__dword_ptr[rbx + ControlPage.State], ControlPage.Failed); // from here on the tracer may unmap the page
        EmitExit(c);
    }

    // For the next borrowed thread's calls (Gadgets): the program's own `syscall; ret` may be armed by then.
    private static void EmitGadget(Assembler c)
    {
        c.syscall();
        c.ret();
    }

    private static void EmitExit(Assembler c)
    {
        c.xor(edi, edi);
        c.mov(eax, SystemCall.NR_exit);
        c.syscall();
    }
}
