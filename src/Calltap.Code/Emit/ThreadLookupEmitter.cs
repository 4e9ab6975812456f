using System.Numerics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Code.Emit;

/// <summary>
/// The slow path of finding a thread's slot: probes the table, and on a thread's first event claims a header from the
/// queue of ready ones. Runs once per thread, or where two threads' hashes collide.
/// </summary>
/// <remarks>
/// In: rcx = thread pointer. Out: rdx = slot; or 0 when nothing can be recorded, and then eax = 1 if that is a loss, 0 if
/// the session is off. Changes rax and flags.
/// A signal handler may interrupt it anywhere and run it again for the same thread: the slot's key is stored last, so
/// the handler either finds the slot whole or claims a header of its own, which is drained like any other.
/// </remarks>
sealed class ThreadLookupEmitter(TrampolineOptions options, Assembler asm)
{
    static readonly AssemblerRegister64[] s_saved = [rbx, rbp, rsi, rdi, r8, r9, r10, r11];

    public void Emit()
    {
        Label probe = asm.CreateLabel(), next = asm.CreateLabel(), take = asm.CreateLabel(), match = asm.CreateLabel(),
            found = asm.CreateLabel(), off = asm.CreateLabel(), none = asm.CreateLabel(),
            release = asm.CreateLabel();
        foreach (AssemblerRegister64 register in s_saved) asm.push(register);
        asm.mov(rsi, options.ThreadTable.Value);
        asm.cmp(__dword_ptr[rsi + ThreadSlotLayout.SwitchOffset], 1);
        asm.jne(off); // also every fork child: the table is wiped there, and the shared memory is not mapped
        if (options.TidOffset is int tidOffset) asm.mov(ebp, __dword_ptr.fs[tidOffset]);
        else asm.xor(ebp, ebp);
        asm.imul(edi, ecx, unchecked((int)ThreadSlotLayout.HashMultiplier));
        asm.shr(edi, 32 - ThreadSlotLayout.SlotCountLog2);
        asm.mov(ebx, ThreadSlotLayout.ProbeLimit);

        asm.Label(ref probe);
        asm.mov(edx, edi);
        asm.shl(edx, 6);
        asm.lea(rdx, __qword_ptr[rsi + rdx + ThreadSlotLayout.SlotsOffset]);
        asm.mov(rax, __qword_ptr[rdx + ThreadSlotLayout.Key]);
        asm.cmp(rax, rcx);
        asm.je(match);
        asm.test(rax, rax);
        asm.je(take);
        asm.cmp(rax, ThreadSlotLayout.KeyBusy);
        asm.je(next);
        asm.cmp(__dword_ptr[rdx + ThreadSlotLayout.Tid], ThreadSlotLayout.TidOfDead);
        asm.je(take);
        asm.Label(ref next);
        asm.inc(edi);
        asm.and(edi, ThreadSlotLayout.SlotCount - 1);
        asm.dec(ebx);
        asm.jne(probe);

        asm.Label(ref none);
        asm.mov(eax, 1);
        asm.xor(edx, edx);
        asm.jmp(found);
        asm.Label(ref off);
        asm.xor(eax, eax);
        asm.xor(edx, edx);
        asm.jmp(found);

        asm.Label(ref match); // the same thread pointer: this thread, or a dead one whose stack it inherited
        asm.cmp(__dword_ptr[rdx + ThreadSlotLayout.Tid], ebp);
        asm.je(found);

        asm.Label(ref take); // rax = the key seen: free, or of a thread that has ended
        asm.mov(r9d, ThreadSlotLayout.KeyBusy);
        asm.@lock.cmpxchg(__qword_ptr[rdx + ThreadSlotLayout.Key], r9);
        asm.jne(probe);
        Claim(release);
        Fill();
        asm.Label(ref found);
        for (int i = s_saved.Length - 1; i >= 0; i--) asm.pop(s_saved[i]);
        asm.ret();

        asm.Label(ref release);
        asm.mov(__qword_ptr[rdx + ThreadSlotLayout.Key], 0);
        asm.jmp(none);
    }

    /// <summary>r8 = address and r10 = index of a header taken from the queue, now this thread's.</summary>
    void Claim(Label fail)
    {
        Label again = asm.CreateLabel();
        asm.mov(r11, options.SessionMemory.Value);
        asm.Label(ref again);
        asm.mov(rax, __qword_ptr[r11 + SessionMemoryLayout.QueueHead]);
        asm.cmp(rax, __qword_ptr[r11 + SessionMemoryLayout.QueueTail]);
        asm.jae(fail);
        asm.mov(r10d, eax);
        asm.and(r10d, options.Layout.Capacity - 1);
        asm.mov(r10d, __dword_ptr[r11 + r10 * 4 + SessionMemoryLayout.Queue]);
        asm.lea(r9, __qword_ptr[rax + 1]);
        asm.@lock.cmpxchg(__qword_ptr[r11 + SessionMemoryLayout.QueueHead], r9);
        asm.jne(again);
        asm.mov(r8, r10);
        asm.shl(r8, (byte)BitOperations.Log2((uint)SessionMemoryLayout.HeaderSize));
        asm.mov(rax, (options.SessionMemory + options.Layout.Headers).Value);
        asm.add(r8, rax);
        asm.mov(__dword_ptr[r8 + ThreadHeaderLayout.Tid], ebp);
        asm.mov(__qword_ptr[r8 + ThreadHeaderLayout.ThreadPointer], rcx);
    }

    void Fill()
    {
        asm.mov(__qword_ptr[rdx + ThreadSlotLayout.Header], r8);
        asm.mov(r9, r10);
        asm.shl(r9, (byte)BitOperations.Log2((uint)options.Layout.RingSize));
        asm.mov(rax, (options.SessionMemory + options.Layout.Rings).Value);
        asm.add(r9, rax);
        asm.mov(__qword_ptr[rdx + ThreadSlotLayout.Data], r9);
        asm.imul(r9, r10, checked((int)options.Layout.CounterStride));
        asm.mov(rax, (options.SessionMemory + options.Layout.Counters).Value);
        asm.add(r9, rax);
        asm.mov(__qword_ptr[rdx + ThreadSlotLayout.Counts], r9);
        asm.mov(__dword_ptr[rdx + ThreadSlotLayout.Tid], ebp);
        asm.mov(__qword_ptr[rdx + ThreadSlotLayout.Key], rcx);
    }
}
