using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Code.Emit;

/// <summary>
/// Emits the trampolines of an arena. Each is called from a site's stub at a moment when the 128 bytes below rsp hold
/// nothing live: at a true function entry, or when a function is about to return or to jump away (System V psABI
/// 3.2.2: the red zone belongs to the running function). So registers are kept in the red zone, which signal frames
/// leave alone, and rsp does not move.
/// </summary>
/// <remarks>
/// Stack on entry, where E is the address of the traced function's return slot:
/// <code>
/// E       return address of the traced function
/// E-8     return address into the stub            &lt;- rsp
/// E-16    dword operand: site id or counter index (stored by the stub)
/// E-24... saved registers
/// </code>
/// Every register and flag that is changed is put back: with -fipa-ra a caller may rely on any of them. No system
/// call, no lock in the fast path, no store outside the ring, the header and the red zone.
/// </remarks>
public sealed class TrampolineEmitter
{
    const int ReturnSlot = 8;
    const int Operand = -8;
    const int SavedRax = -16;
    const int SavedRcx = -24;
    const int SavedRdx = -32;
    const int SavedFlags = -40;
    const int SavedTime = -48;
    const int SavedRsi = -56;
    const int SavedRdi = -64;
    const byte Padding = 0x90;

    static readonly AssemblerRegister64[] s_all = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    readonly TrampolineOptions _options;
    readonly Assembler _asm = new(64);
    Label _lookup;
    int _pushed; // bytes that lie between rsp and where it was at the call

    TrampolineEmitter(TrampolineOptions options) => _options = options;

    /// <summary>Emits the trampolines for an arena that starts at <paramref name="at"/>.</summary>
    public static Trampolines Emit(TrampolineOptions options, TargetAddress at)
    {
        var emitter = new TrampolineEmitter(options);
        return emitter.EmitAll(at);
    }

    Trampolines EmitAll(TargetAddress at)
    {
        _lookup = _asm.CreateLabel("lookup");
        Label graphEntry = Begin(), graphEntryFlagsDead, graphExit, countEntry, countEntryFlagsDead, listEntry, caller;
        GraphEntry(saveFlags: true);
        graphEntryFlagsDead = Begin();
        GraphEntry(saveFlags: false);
        graphExit = Begin();
        GraphExit();
        countEntry = Begin();
        CountEntry(saveFlags: true);
        countEntryFlagsDead = Begin();
        CountEntry(saveFlags: false);
        listEntry = Begin();
        ListEntry();
        caller = Begin();
        Caller();
        _asm.Label(ref _lookup);
        new ThreadLookupEmitter(_options, _asm).Emit();

        using var stream = new MemoryStream();
        AssemblerResult result = _asm.Assemble(
            new StreamCodeWriter(stream), at.Value, BlockEncoderOptions.ReturnNewInstructionOffsets);
        TargetAddress Of(Label label) => new(result.GetLabelRIP(label));
        while (stream.Length % sizeof(ulong) != 0) stream.WriteByte(Padding);
        var counting = new CountingStub(at + stream.Length, _options.Thread.Tid);
        stream.Write(BitConverter.GetBytes((_options.ThreadTable + ThreadSlotLayout.SlotsOffset).Value));
        return new Trampolines(
            stream.ToArray(), counting, Of(graphEntry), Of(graphEntryFlagsDead), Of(graphExit),
            Of(countEntry), Of(countEntryFlagsDead), Of(listEntry), Of(caller));
    }

    Label Begin()
    {
        Label label = _asm.CreateLabel();
        _asm.Label(ref label);
        return label;
    }

    void GraphEntry(bool saveFlags)
    {
        Label done = _asm.CreateLabel(), lost = _asm.CreateLabel(), none = _asm.CreateLabel();
        Save(saveFlags);
        FindSlot(none);
        Record(lost);
        _asm.Label(ref done);
        Restore(saveFlags);
        _asm.ret();
        _asm.Label(ref lost);
        _asm.inc(__qword_ptr[rcx + ThreadHeaderLayout.LostEntries]);
        _asm.jmp(done);
        Unattributed(none, done, SessionMemoryLayout.UnattributedEntries);
    }

    void GraphExit()
    {
        Label done = _asm.CreateLabel(), lost = _asm.CreateLabel(), none = _asm.CreateLabel();
        Save(flags: true);
        _asm.rdtsc(); // as early as possible
        _asm.shl(rdx, 32);
        _asm.or(rax, rdx);
        _asm.mov(__qword_ptr[rsp + SavedTime], rax);
        FindSlot(none);
        Reserve(lost);
        _asm.mov(rax, __qword_ptr[rsp + SavedTime]);
        _asm.mov(__qword_ptr[rcx + EventLayout.Time], rax); // commits
        _asm.Label(ref done);
        Restore(flags: true);
        _asm.ret();
        _asm.Label(ref lost);
        _asm.inc(__qword_ptr[rcx + ThreadHeaderLayout.LostExits]);
        _asm.jmp(done);
        Unattributed(none, done, SessionMemoryLayout.UnattributedExits);
    }

    void CountEntry(bool saveFlags)
    {
        Label done = _asm.CreateLabel(), none = _asm.CreateLabel();
        Save(saveFlags);
        FindSlot(none);
        _asm.mov(rcx, __qword_ptr[rdx + ThreadSlotLayout.Counts]);
        _asm.mov(eax, __dword_ptr[rsp + Operand]);
        _asm.inc(__qword_ptr[rcx + rax * 8]); // one instruction, the thread's own counter: exact without a lock
        _asm.Label(ref done);
        Restore(saveFlags);
        _asm.ret();
        Unattributed(none, done, SessionMemoryLayout.UnattributedCounts);
    }

    /// <summary>The list form: rsi walks the site's list, rdi keeps the thread's slot.</summary>
    void ListEntry()
    {
        Label done = _asm.CreateLabel(), next = _asm.CreateLabel(), count = _asm.CreateLabel(), lost = _asm.CreateLabel(), none = _asm.CreateLabel();
        Save(flags: true);
        _asm.mov(__qword_ptr[rsp + SavedRsi], rsi);
        _asm.mov(__qword_ptr[rsp + SavedRdi], rdi);
        FindSlot(none);
        _asm.mov(rdi, rdx);
        LoadList();
        _asm.Label(ref next);
        _asm.mov(rax, __qword_ptr[rsi]);
        _asm.add(rsi, 8);
        _asm.cmp(eax, (int)OpListLayout.Count);
        _asm.je(count);
        _asm.cmp(eax, (int)OpListLayout.Graph);
        _asm.jne(done);
        _asm.mov(rdx, rdi);
        Record(lost);
        _asm.jmp(next);
        _asm.Label(ref lost);
        _asm.inc(__qword_ptr[rcx + ThreadHeaderLayout.LostEntries]);
        _asm.jmp(next);
        _asm.Label(ref count);
        _asm.shr(rax, 32);
        _asm.mov(rcx, __qword_ptr[rdi + ThreadSlotLayout.Counts]);
        _asm.inc(__qword_ptr[rcx + rax * 8]);
        _asm.jmp(next);
        _asm.Label(ref done);
        _asm.mov(rsi, __qword_ptr[rsp + SavedRsi]);
        _asm.mov(rdi, __qword_ptr[rsp + SavedRdi]);
        Restore(flags: true);
        _asm.ret();
        UnattributedList(none, done, LoadList);
    }

    /// <summary>
    /// Saves all general registers and the flags, and asks each op of the session in turn whether it wants the site (ftrace_regs_caller and
    /// ftrace_ops_list_func). Where breakpoints lead under the policy <c>caller</c>; speed is nothing to it.
    /// </summary>
    void Caller()
    {
        Label none = _asm.CreateLabel(), next = _asm.CreateLabel(), exit = _asm.CreateLabel(), count = _asm.CreateLabel(), done = _asm.CreateLabel(),
            lostEntry = _asm.CreateLabel(), lostExit = _asm.CreateLabel(), served = _asm.CreateLabel(), restore = _asm.CreateLabel();
        SaveAll();
        FindSlot(none);
        _asm.mov(rdi, rdx);
        LoadCallerList();
        _asm.xor(ebx, ebx); // ops that took the call
        _asm.Label(ref next);
        _asm.mov(rax, __qword_ptr[rsi]);
        _asm.add(rsi, 8);
        _asm.cmp(eax, (int)OpListLayout.Refuse);
        _asm.je(next);
        _asm.mov(rdx, rdi);
        _asm.cmp(eax, (int)OpListLayout.Count);
        _asm.je(count);
        _asm.cmp(eax, (int)OpListLayout.GraphExit);
        _asm.je(exit);
        _asm.cmp(eax, (int)OpListLayout.Graph);
        _asm.jne(done);
        Record(lostEntry);
        _asm.Label(ref served);
        _asm.inc(ebx);
        _asm.jmp(next);
        _asm.Label(ref exit);
        Record(lostExit);
        _asm.jmp(served);
        _asm.Label(ref count);
        _asm.shr(rax, 32);
        _asm.mov(rcx, __qword_ptr[rdi + ThreadSlotLayout.Counts]);
        _asm.inc(__qword_ptr[rcx + rax * 8]);
        _asm.jmp(served);
        _asm.Label(ref lostEntry);
        _asm.inc(__qword_ptr[rcx + ThreadHeaderLayout.LostEntries]);
        _asm.jmp(served);
        _asm.Label(ref lostExit);
        _asm.inc(__qword_ptr[rcx + ThreadHeaderLayout.LostExits]);
        _asm.jmp(served);
        _asm.Label(ref done);
        _asm.test(ebx, ebx);
        _asm.jne(restore);
        _asm.mov(rcx, (_options.SessionMemory + SessionMemoryLayout.Refused).Value);
        _asm.@lock.inc(__qword_ptr[rcx]);
        _asm.Label(ref restore);
        RestoreAll();
        UnattributedList(none, restore, LoadCallerList);
        _pushed = 0;
    }

    void SaveAll()
    {
        _asm.lea(rsp, __qword_ptr[rsp + Operand]); // the operand stays where it is
        foreach (AssemblerRegister64 register in s_all) _asm.push(register);
        _asm.pushfq();
        _pushed = -Operand + sizeof(ulong) * (s_all.Length + 1);
    }

    void RestoreAll()
    {
        _asm.popfq();
        foreach (AssemblerRegister64 register in s_all.Reverse()) _asm.pop(register);
        _asm.lea(rsp, __qword_ptr[rsp - Operand]);
        _asm.ret();
    }

    /// <summary>rsi = the first op of the list that the operand names; the operand becomes the site's id. Changes rax.</summary>
    void LoadList()
    {
        _asm.mov(rsi, _options.OpLists.Value);
        _asm.mov(eax, __dword_ptr[rsp + Operand]);
        _asm.lea(rsi, __qword_ptr[rsi + rax * 8]);
        _asm.mov(rax, __qword_ptr[rsi]);
        _asm.mov(__dword_ptr[rsp + Operand], eax);
        _asm.add(rsi, 8);
    }

    /// <summary>rsi = the first op of the list that the site has now. Changes rax and rcx.</summary>
    void LoadCallerList()
    {
        _asm.mov(rcx, (_options.SessionMemory + _options.Layout.Callers).Value);
        _asm.mov(eax, __dword_ptr[rsp + (_pushed + Operand)]);
        _asm.mov(eax, __dword_ptr[rcx + rax * sizeof(int)]); // pairs with SessionMemory.SetCaller
        _asm.mov(rsi, _options.OpLists.Value);
        _asm.lea(rsi, __qword_ptr[rsi + rax * 8 + 8]);
    }

    /// <summary>More threads run than have headers: counts the loss among all threads', unless the session is off (eax = 0).</summary>
    void Unattributed(Label none, Label done, int counter)
    {
        _asm.Label(ref none);
        _asm.test(eax, eax);
        _asm.je(done);
        _asm.mov(rcx, (_options.SessionMemory + counter).Value);
        _asm.@lock.inc(__qword_ptr[rcx]);
        _asm.jmp(done);
    }

    /// <summary>The same for every op of the site's list.</summary>
    void UnattributedList(Label none, Label done, Action loadList)
    {
        Label next = _asm.CreateLabel(), add = _asm.CreateLabel();
        _asm.Label(ref none);
        _asm.test(eax, eax);
        _asm.je(done);
        loadList();
        _asm.Label(ref next);
        _asm.mov(rax, __qword_ptr[rsi]);
        _asm.add(rsi, 8);
        _asm.test(eax, eax);
        _asm.je(done);
        _asm.cmp(eax, (int)OpListLayout.Refuse);
        _asm.je(next);
        _asm.mov(rcx, (_options.SessionMemory + SessionMemoryLayout.UnattributedCounts).Value);
        _asm.cmp(eax, (int)OpListLayout.Count);
        _asm.je(add);
        _asm.mov(rcx, (_options.SessionMemory + SessionMemoryLayout.UnattributedExits).Value);
        _asm.cmp(eax, (int)OpListLayout.GraphExit);
        _asm.je(add);
        _asm.mov(rcx, (_options.SessionMemory + SessionMemoryLayout.UnattributedEntries).Value);
        _asm.Label(ref add);
        _asm.@lock.inc(__qword_ptr[rcx]);
        _asm.jmp(next);
    }

    void Save(bool flags)
    {
        _asm.mov(__qword_ptr[rsp + SavedRax], rax);
        _asm.mov(__qword_ptr[rsp + SavedRcx], rcx);
        _asm.mov(__qword_ptr[rsp + SavedRdx], rdx);
        if (!flags) return;
        // lahf + seto keep all six status flags in ax: a quarter of the price of pushf/popf.
        _asm.lahf();
        _asm.seto(al);
        _asm.mov(__dword_ptr[rsp + SavedFlags], eax);
    }

    void Restore(bool flags)
    {
        if (flags)
        {
            _asm.mov(eax, __dword_ptr[rsp + SavedFlags]);
            _asm.add(al, 0x7f); // overflows, and so sets OF, exactly when al was 1
            _asm.sahf();        // SF ZF AF PF CF; leaves OF
        }
        _asm.mov(rdx, __qword_ptr[rsp + SavedRdx]);
        _asm.mov(rcx, __qword_ptr[rsp + SavedRcx]);
        _asm.mov(rax, __qword_ptr[rsp + SavedRax]);
    }

    /// <summary>
    /// rdx = the running thread's slot, or a jump to <paramref name="none"/>. Changes rax, rcx. By the tid: a fork child or
    /// a new thread on a cached stack has the thread pointer of another.
    /// </summary>
    void FindSlot(Label none)
    {
        Label found = _asm.CreateLabel();
        _asm.mov(eax, __dword_ptr.fs[_options.Thread.Tid]);
        _asm.xor(eax, unchecked((int)ThreadSlotLayout.KeyMask));
        _asm.mov(ecx, eax);
        _asm.and(ecx, ThreadSlotLayout.SlotCount - 1);
        _asm.shl(ecx, ThreadSlotLayout.SlotSizeLog2);
        _asm.mov(rdx, (_options.ThreadTable + ThreadSlotLayout.SlotsOffset).Value);
        _asm.add(rdx, rcx);
        _asm.cmp(__dword_ptr[rdx + ThreadSlotLayout.Key], eax);
        _asm.je(found);
        _asm.lea(rsp, __qword_ptr[rsp - 128]);
        _asm.call(_lookup);
        _asm.lea(rsp, __qword_ptr[rsp + 128]);
        _asm.test(rdx, rdx);
        _asm.je(none);
        _asm.Label(ref found);
    }

    /// <summary>An event of the thread whose slot is rdx, or a jump to <paramref name="lost"/> with rcx = header. Changes rax, rcx, rdx.</summary>
    void Record(Label lost)
    {
        Reserve(lost);
        // The clock is read as late as possible: the trampoline's own time is not the function's.
        _asm.rdtsc();
        _asm.shl(rdx, 32);
        _asm.or(rax, rdx);
        _asm.mov(__qword_ptr[rcx + EventLayout.Time], rax); // commits: pairs with the reader's acquire load
    }

    /// <summary>
    /// rcx = the reserved event with site and stack filled in, rdx = slot still; or a jump to <paramref name="lost"/>
    /// with rcx = header. The reservation is one instruction, so a signal handler nests around it.
    /// </summary>
    void Reserve(Label lost)
    {
        _asm.mov(rcx, __qword_ptr[rdx + ThreadSlotLayout.Header]);
        _asm.mov(rax, __qword_ptr[rcx + ThreadHeaderLayout.Head]);
        _asm.cmp(rax, __qword_ptr[rcx + ThreadHeaderLayout.Limit]);
        _asm.jae(lost);
        _asm.mov(eax, EventLayout.Size);
        _asm.xadd(__qword_ptr[rcx + ThreadHeaderLayout.Head], rax);
        _asm.and(eax, _options.Layout.RingSize - 1);
        _asm.add(rax, __qword_ptr[rdx + ThreadSlotLayout.Data]);
        _asm.mov(rcx, rax);
        _asm.mov(eax, __dword_ptr[rsp + (_pushed + Operand)]);
        _asm.mov(__dword_ptr[rcx + EventLayout.Site], eax);
        _asm.lea(rax, __qword_ptr[rsp + (_pushed + ReturnSlot)]);
        _asm.mov(__dword_ptr[rcx + EventLayout.Stack], eax);
    }
}
