using System.Numerics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Code.Emit;

/// <summary>
/// The slow path of finding a thread's slot: probes the table, and on a thread's first event claims a header from the
/// queue of ready ones. Runs once per thread, or where two threads' keys collide.
/// </summary>
/// <remarks>
/// In: eax = the thread's key. Out: rdx = slot; or 0 when nothing can be recorded, and then eax = 1 if that is a loss, 0 if
/// the session is off. Changes rax, rcx and flags.
/// A signal handler may interrupt it anywhere and run it again for the same thread: the slot's key is stored last, so
/// the handler either finds the slot whole or claims a header of its own, which is drained like any other.
/// A thread that was not made by libc, or that libc is about to end, may have anything where libc keeps the tid. Only one
/// whose descriptor looks like libc's claims a header (<see cref="ThreadDescriptorLayout"/>; a tid within the kernel's bounds).
/// </remarks>
sealed class ThreadLookupEmitter(TrampolineOptions options, Assembler asm)
{
    const int MaxTid = 1 << 22; // PID_MAX_LIMIT

    static readonly AssemblerRegister64[] s_saved = [rbx, rbp, rsi, rdi, r8, r9, r10, r11];

    public void Emit()
    {
        Label probe = asm.CreateLabel(), take = asm.CreateLabel(),
            found = asm.CreateLabel(), off = asm.CreateLabel(), none = asm.CreateLabel(),
            release = asm.CreateLabel();
        foreach (AssemblerRegister64 register in s_saved) asm.push(register);
        asm.mov(rsi, options.ThreadTable.Value);
        asm.cmp(__dword_ptr[rsi + ThreadSlotLayout.SwitchOffset], 1);
        asm.jne(off); // also every fork child: the table is wiped there, and the shared memory is not mapped
        asm.mov(ecx, eax);
        asm.mov(ebp, eax);
        asm.xor(ebp, unchecked((int)ThreadSlotLayout.KeyMask));
        asm.mov(edi, ecx);
        asm.and(edi, ThreadSlotLayout.SlotCount - 1);
        asm.mov(ebx, ThreadSlotLayout.ProbeLimit);

        asm.Label(ref probe);
        asm.mov(edx, edi);
        asm.shl(edx, ThreadSlotLayout.SlotSizeLog2);
        asm.lea(rdx, __qword_ptr[rsi + rdx + ThreadSlotLayout.SlotsOffset]);
        asm.mov(eax, __dword_ptr[rdx + ThreadSlotLayout.Key]);
        asm.cmp(eax, ecx);
        asm.je(found);
        asm.test(eax, eax);
        asm.je(take);
        asm.cmp(eax, ThreadSlotLayout.KeyOfDead);
        asm.je(take);
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

        asm.Label(ref take); // eax = the key seen: free, or of a thread that has ended
        if (options.Thread.SecondSelf is int second)
        {
            asm.mov(r9, __qword_ptr.fs[0]);
            asm.cmp(r9, __qword_ptr.fs[second]);
            asm.jne(none);
        }
        asm.lea(r8d, __dword_ptr[rbp - 1]);
        asm.cmp(r8d, MaxTid);
        asm.jae(none);
        asm.mov(r9d, ThreadSlotLayout.KeyBusy);
        asm.@lock.cmpxchg(__dword_ptr[rdx + ThreadSlotLayout.Key], r9d);
        asm.jne(probe);
        Claim(release);
        Fill();
        asm.Label(ref found);
        for (int i = s_saved.Length - 1; i >= 0; i--) asm.pop(s_saved[i]);
        asm.ret();

        asm.Label(ref release);
        asm.mov(__dword_ptr[rdx + ThreadSlotLayout.Key], 0);
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
        asm.mov(__dword_ptr[rdx + ThreadSlotLayout.Key], ecx);
    }
}
