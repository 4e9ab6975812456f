using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Calltap.Code;
using Calltap.Code.Emit;
using Calltap.Native;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// Trampolines in memory of this very process, with a caller that sets every register and flag before and keeps them
/// after: what a traced function sees.
/// </summary>
sealed unsafe partial class TrampolineExecution : IDisposable
{
    const int Registers = 16; // 14 general ones, flags, and the depth of the stack
    const nuint Size = 64 << 20;
    const int CodeAt = 0, CallerAt = 0x8000, StateAt = 0xc000, SiteAt = 0xd000, StubAt = 0xe000, TableAt = 0x10000, ListsAt = 0x100000, SessionAt = 0x200000;

    static readonly AssemblerRegister64[] s_general = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14];

    readonly byte* _memory;

    public TrampolineExecution(SessionMemoryLayout layout)
    {
        Layout = layout;
        _memory = mmap(null, Size, 7, 0x22, -1, 0);
        Assert.True(_memory != (byte*)-1);
        var options = new TrampolineOptions(At(TableAt), At(SessionAt), layout, At(ListsAt), new ThreadDescriptorLayout(FindTidOffset(), 0x10));
        Trampolines = TrampolineEmitter.Emit(options, At(CodeAt));
        Trampolines.Code.Span.CopyTo(new Span<byte>(_memory + CodeAt, CallerAt));
        Assert.True((ulong)layout.TotalSize < Size - SessionAt);
        *(int*)(_memory + TableAt + ThreadSlotLayout.SwitchOffset) = 1;
    }

    public SessionMemoryLayout Layout { get; }

    public Trampolines Trampolines { get; }

    /// <summary>A qword of the session memory.</summary>
    public ref ulong Session(long offset) => ref *(ulong*)(_memory + SessionAt + offset);

    /// <summary>A qword of the op lists' memory.</summary>
    public ref ulong Lists(long offset) => ref *(ulong*)(_memory + ListsAt + offset);

    /// <summary>The master switch.</summary>
    public bool IsOn
    {
        set => *(int*)(_memory + TableAt + ThreadSlotLayout.SwitchOffset) = value ? 1 : 0;
    }

    /// <summary>Offers one header whose ring takes <paramref name="events"/> events.</summary>
    public void Offer(int index, int events)
    {
        ulong tail = Session(SessionMemoryLayout.QueueTail);
        *(int*)(_memory + SessionAt + SessionMemoryLayout.Queue + 4 * (long)tail) = index;
        Session(Layout.HeaderAt(index) + ThreadHeaderLayout.Limit) = (ulong)events * EventLayout.Size;
        Session(SessionMemoryLayout.QueueTail) = tail + 1;
    }

    /// <summary>Calls as a stub does, with these registers and flags; what they are afterwards.</summary>
    /// <returns>The registers in order, the flags, and how far rsp is from where it was.</returns>
    public ulong[] Call(TargetAddress trampoline, uint operand, ulong seed, ulong flags)
    {
        Assemble(trampoline, operand);
        var state = new Span<ulong>(_memory + StateAt, 2 * Registers);
        state.Clear();
        for (int i = 0; i < s_general.Length; i++) state[i] = seed * 0x9e3779b97f4a7c15 + (ulong)i;
        state[s_general.Length] = flags;
        ((delegate* unmanaged<void>)(_memory + CallerAt))();
        return [.. state[Registers..]];
    }

    /// <summary>What <see cref="Call"/> returns when nothing was changed.</summary>
    public static ulong[] Unchanged(ulong seed, ulong flags) =>
        [.. Enumerable.Range(0, s_general.Length).Select(i => seed * 0x9e3779b97f4a7c15 + (ulong)i), flags, 0];

    void Assemble(TargetAddress trampoline, uint operand)
    {
        var asm = new Assembler(64);
        foreach (AssemblerRegister64 register in s_general.Append(r15)) asm.push(register);
        asm.mov(r15, At(StateAt).Value);
        asm.push(__qword_ptr[r15 + 8 * s_general.Length]);
        asm.popfq();
        for (int i = 0; i < s_general.Length; i++) asm.mov(s_general[i], __qword_ptr[r15 + 8 * i]);
        asm.mov(__qword_ptr[r15 + 8 * (Registers - 1)], rsp);
        asm.mov(__dword_ptr[rsp - 16], operand);
        asm.call(trampoline.Value);
        for (int i = 0; i < s_general.Length; i++) asm.mov(__qword_ptr[r15 + 8 * (Registers + i)], s_general[i]);
        asm.pushfq();
        asm.pop(__qword_ptr[r15 + 8 * (Registers + s_general.Length)]);
        asm.mov(rax, rsp);
        asm.sub(rax, __qword_ptr[r15 + 8 * (Registers - 1)]);
        asm.mov(__qword_ptr[r15 + 8 * (2 * Registers - 1)], rax);
        foreach (AssemblerRegister64 register in s_general.Append(r15).Reverse()) asm.pop(register);
        asm.ret();
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), At(CallerAt).Value);
        code.ToArray().CopyTo(new Span<byte>(_memory + CallerAt, StateAt - CallerAt));
    }

    /// <summary>An event of a ring: its time, site and stack.</summary>
    public (ulong Time, uint Site, uint Stack) Event(int ring, int number)
    {
        var slot = new Span<byte>(_memory + SessionAt + Layout.RingAt(ring) + number * EventLayout.Size, EventLayout.Size);
        return (BinaryPrimitives.ReadUInt64LittleEndian(slot), BinaryPrimitives.ReadUInt32LittleEndian(slot[8..]), BinaryPrimitives.ReadUInt32LittleEndian(slot[12..]));
    }

    /// <summary>A stub that counts by itself, of a function that does nothing; called as the function is.</summary>
    public TargetAddress CountingStub(uint counter, bool flagsDead)
    {
        ReadOnlySpan<byte> function = [0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3]; // nop; ret
        function.CopyTo(new Span<byte>(_memory + SiteAt, function.Length));
        var plan = new SitePlan(new(0), 5, SiteKind.Entry, SiteClass.Nop5, default, 5, 5, null, flagsDead, false);
        var buffer = new byte[StubWriter.MaxStubSize];
        var writer = new StubWriter(buffer, At(StubAt), Trampolines.Counting);
        Assert.True(writer.TryWrite(plan, function[..5], At(SiteAt), new StubEvents(flagsDead ? Trampolines.CountEntryFlagsDead : Trampolines.CountEntry, counter, true, null, 0), out Stub? stub, out _));
        buffer.CopyTo(new Span<byte>(_memory + StubAt, buffer.Length));
        return stub!.Start;
    }

    /// <summary>Where this thread's libc keeps its tid.</summary>
    int FindTidOffset()
    {
        ReadOnlySpan<byte> pointer = [0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0xc3]; // mov rax, fs:[0]; ret
        pointer.CopyTo(new Span<byte>(_memory + CodeAt, pointer.Length));
        byte* thread = ((delegate* unmanaged<byte*>)(_memory + CodeAt))();
        int tid = SystemCall.CurrentThread().Value, offset = 0x18;
        while (*(int*)(thread + offset) != tid) offset += sizeof(int);
        return offset;
    }

    TargetAddress At(long offset) => new((ulong)_memory + (ulong)offset);

    public void Dispose() => _ = munmap(_memory, Size);

    [LibraryImport("libc")]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nuint length);
}
