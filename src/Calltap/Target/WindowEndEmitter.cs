using System.Text;
using Calltap.Code.Emit;
using Calltap.Native;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Target;

/// <summary>
/// Emits how the helper thread ends a window whose tracer has died: back, as long as nothing but heads has changed; on, once tails may
/// have. The same steps as TextPoker's, and only where a breakpoint still stands. The trap handler answers meanwhile, and stays. Where the
/// target's memory file can't be opened, nothing is written: the handler answers for good.
/// </summary>
/// <remarks>Registers: rbx and r15 are kept for the helper's leaving; rbp window table, r13d memory file, r12 entry, r14d entries left.</remarks>
internal static class WindowEndEmitter
{
    private const int NR_open = 2;
    private const int NR_pread64 = 17;
    private const int NR_pwrite64 = 18;
    private const int NR_prctl = 157;
    private const int PR_GET_DUMPABLE = 3;
    private const int PR_SET_DUMPABLE = 4;
    private const int O_RDWR_CLOEXEC = 0x80002;
    private const int Byte = -8; // below rsp: the byte read at a site
    private const int Incomplete = -16; // a breakpoint may still stand
    private const byte Int3 = 0xcc;

    // Not /proc/self: the leader may have exited.
    private static readonly byte[] s_path = Encoding.ASCII.GetBytes("/proc/thread-self/mem\0");

    /// <summary>Emits it; it goes on at <paramref name="leave"/>.</summary>
    /// <param name="c">The helper's code.</param>
    /// <param name="start">The start of its page.</param>
    /// <param name="leave">Where the helper leaves.</param>
    internal static void Emit(Assembler c, Label start, Label leave)
    {
        Label path = c.CreateLabel(), on = c.CreateLabel(), closed = c.CreateLabel();
        c.lea(rbp, __[start]);
        c.mov(rbp, __qword_ptr[rbp + (HelperCode.HandlerData + TrapHandlerEmitter.TablePointer)]);
        c.test(rbp, rbp);
        c.je(leave);
        c.cmp(__byte_ptr[rbp + WindowTableLayout.State], WindowTableLayout.Closed);
        c.je(leave);
        c.mov(__byte_ptr[rsp + Incomplete], 0);
        EmitOpen(c, path, leave);
        c.cmp(__byte_ptr[rbp + WindowTableLayout.State], WindowTableLayout.Tails);
        c.je(on);
        EmitPass(c, (next, write) => EmitOldHead(c, next, write));
        c.jmp(closed);
        c.Label(ref on);
        EmitPass(c, (next, write) => EmitTail(c, next, write));
        c.cmp(__byte_ptr[rsp + Incomplete], 0);
        c.jne(leave); // no new head over an old tail
        EmitSync(c);
        EmitPass(c, (next, write) => EmitNewHead(c, next, write));
        EmitSync(c);
        c.Label(ref closed);
        c.cmp(__byte_ptr[rsp + Incomplete], 0);
        c.jne(leave); // the handler goes on answering
        c.mov(__byte_ptr[rbp + WindowTableLayout.State], WindowTableLayout.Closed);
        c.inc(__qword_ptr[rbp + WindowTableLayout.EndedByHelper]);
        c.jmp(leave);
        c.Label(ref path);
        c.db(s_path);
    }

    // A process that has dropped privileges may not open its own memory file: it is made dumpable for this moment.
    private static void EmitOpen(Assembler c, Label path, Label leave)
    {
        Label opened = c.CreateLabel(), keep = c.CreateLabel();
        EmitOpenOnce(c, path);
        c.jns(opened);
        EmitPrctl(c, PR_GET_DUMPABLE);
        c.test(eax, eax);
        c.jne(keep); // 2 can't be set again, and 1 is not why
        c.mov(esi, 1);
        EmitPrctl(c, PR_SET_DUMPABLE);
        EmitOpenOnce(c, path);
        c.xor(esi, esi);
        EmitPrctl(c, PR_SET_DUMPABLE);
        c.Label(ref keep);
        c.test(r13d, r13d);
        c.js(leave);
        c.Label(ref opened);
        c.nop();
    }

    private static void EmitOpenOnce(Assembler c, Label path)
    {
        c.lea(rdi, __[path]);
        c.mov(esi, O_RDWR_CLOEXEC);
        c.mov(eax, NR_open);
        c.syscall();
        c.mov(r13d, eax);
        c.test(eax, eax);
    }

    private static void EmitPrctl(Assembler c, int option)
    {
        c.mov(edi, option);
        c.mov(eax, NR_prctl);
        c.syscall();
    }

    /// <summary>
    /// For every site of the batch at which a breakpoint stands, sets rsi, edx and r10 (bytes, their number, where) and writes. Read by a system
    /// call: the module may have been unmapped.
    /// </summary>
    private static void EmitPass(Assembler c, Action<Label, Label> choose)
    {
        Label look = c.CreateLabel(), next = c.CreateLabel(), write = c.CreateLabel(), stays = c.CreateLabel(), end = c.CreateLabel();
        c.movzx(eax, __byte_ptr[rbp + WindowTableLayout.Current]);
        c.mov(r14d, __dword_ptr[rbp + rax * 4 + WindowTableLayout.Counts]);
        c.imul(rax, __qword_ptr[rbp + WindowTableLayout.HalfSize]);
        c.lea(r12, __qword_ptr[rbp + rax + WindowTableLayout.Entries]);
        c.Label(ref look);
        c.dec(r14d);
        c.js(end);
        c.lea(rsi, __qword_ptr[rsp + Byte]);
        c.mov(edx, 1);
        c.mov(r10, __qword_ptr[r12 + WindowTableLayout.FileOffset]);
        EmitFile(c);
        c.mov(eax, NR_pread64);
        c.syscall();
        c.cmp(rax, 1);
        c.jne(next);
        c.cmp(__byte_ptr[rsp + Byte], Int3);
        c.jne(next);
        c.cmp(__byte_ptr[r12 + WindowTableLayout.Transient], 0);
        c.jne(stays);
        choose(next, write);
        c.Label(ref write);
        EmitFile(c);
        c.mov(eax, NR_pwrite64);
        c.syscall();
        c.cmp(rax, rdx);
        c.je(next);
        c.Label(ref stays);
        c.mov(__byte_ptr[rsp + Incomplete], 1);
        c.Label(ref next);
        c.add(r12, WindowTableLayout.EntrySize);
        c.jmp(look);
        c.Label(ref end);
        c.nop();
    }

    // The target's memory file, unless the entry names another: memory that is shared is not written through that.
    private static void EmitFile(Assembler c)
    {
        c.mov(edi, __dword_ptr[r12 + WindowTableLayout.File]);
        c.test(edi, edi);
        c.cmovs(edi, r13d);
    }

    // As set by the read: one byte, at the site.
    private static void EmitOldHead(Assembler c, Label next, Label write)
    {
        c.lea(rsi, __qword_ptr[r12 + WindowTableLayout.Old]);
        c.cmp(__byte_ptr[rsi], Int3);
        c.jne(write);
        c.cmp(__dword_ptr[r12 + WindowTableLayout.TailLength], 0);
        c.je(next); // one that stays
        c.mov(__byte_ptr[rsp + Incomplete], 1); // an earlier tracer's breakpoint
        c.jmp(write);
    }

    private static void EmitTail(Assembler c, Label next, Label write)
    {
        Label change = c.CreateLabel();
        c.cmp(__byte_ptr[r12 + WindowTableLayout.Deferred], 0);
        c.je(change);
        EmitOldHead(c, next, write);
        c.Label(ref change);
        c.cmp(__dword_ptr[r12 + WindowTableLayout.TailLength], 0);
        c.je(next);
        c.lea(rsi, __qword_ptr[r12 + (WindowTableLayout.New + 1)]);
        c.mov(edx, __dword_ptr[r12 + WindowTableLayout.TailLength]);
        c.inc(r10);
    }

    private static void EmitNewHead(Assembler c, Label next, Label write)
    {
        c.cmp(__byte_ptr[r12 + WindowTableLayout.Deferred], 0);
        c.jne(next);
        c.lea(rsi, __qword_ptr[r12 + WindowTableLayout.New]);
        c.jmp(write);
    }

    private static void EmitSync(Assembler c)
    {
        c.mov(edi, (int)HelperThread.SyncCommand);
        c.xor(esi, esi);
        c.xor(edx, edx);
        c.mov(eax, SystemCall.NR_membarrier);
        c.syscall();
    }
}
