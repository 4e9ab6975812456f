using System.Runtime.InteropServices;
using Calltap.Code;
using Calltap.Code.Emit;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// The trap handler's code in memory of this very process, called with made-up frames as the kernel calls it: what it
/// does to them.
/// </summary>
sealed unsafe partial class TrapHandlerExecution : IDisposable
{
    const nuint Size = 1 << 16;
    const int CodeAt = 0, DataAt = 0x1000 - TrapHandlerEmitter.DataSize, CallerAt = 0x1000, FunctionCallerAt = 0x1200, ReturnAt = 0x1400, ChainedAt = 0x1800;
    const int TableAt = 0x2000, SitesAt = 0x4000, SignalAt = 0x5000, ContextAt = 0x5100, StackAt = 0x6000, HalfSize = 40 * 64;
    const int ContextGeneral = 40, ContextRsp = 160, ContextRip = 168, ContextFlags = 176;

    readonly byte* _memory;
    int _sites;

    public TrapHandlerExecution()
    {
        _memory = mmap(null, Size, 7, 0x22, -1, 0);
        Assert.True(_memory != (byte*)-1);
        Place(CodeAt, TrapHandlerEmitter.Emit(DataAt));
        *(ulong*)(_memory + DataAt + TrapHandlerEmitter.TablePointer) = At(TableAt).Value;
        *(long*)(_memory + TableAt + WindowTableLayout.HalfSize) = HalfSize;
        _memory[TableAt + WindowTableLayout.Current] = 1;
        AssembleCallers();
    }

    /// <summary>Whether the handler is called as a function, by a handler that the program has set meanwhile.</summary>
    public bool IsPassedOn { get; set; }

    /// <summary>A site whose first byte is <paramref name="head"/>; sites are added by address.</summary>
    public TargetAddress AddSite(byte head, Func<TargetAddress, EmulatedInstruction> becoming)
    {
        TargetAddress site = NewSite(head);
        WindowTableLayout.Write(NewEntry(), site, becoming(site), [0x55, 1, 2, 3, 4], [0xe9, 5, 6, 7, 8]);
        return site;
    }

    /// <summary>Fills the half that is not in use with the sites from some number on, each to become a jump, and has it count: as a tracer does, which others do not see at once.</summary>
    /// <param name="first">The first one.</param>
    /// <param name="numbered">Whether the filling is told before it begins.</param>
    public void Refill(int first, bool numbered)
    {
        byte* table = _memory + TableAt;
        if (numbered) Volatile.Write(ref *(int*)(table + WindowTableLayout.Fillings), *(int*)(table + WindowTableLayout.Fillings) + 1);
        byte half = (byte)(1 - table[WindowTableLayout.Current]);
        var entries = new Span<byte>(table + WindowTableLayout.Entries + HalfSize * half, HalfSize);
        entries.Clear();
        Thread.SpinWait(20); // others have time to look
        for (int i = first; i < _sites; i++)
        {
            TargetAddress site = At(SitesAt) + 16 * i;
            WindowTableLayout.Write(entries[(WindowTableLayout.EntrySize * (i - first))..], site, JumpFrom(site), [0x55], [0xcc]);
        }
        *(int*)(table + WindowTableLayout.Counts + sizeof(int) * half) = _sites - first;
        Volatile.Write(ref table[WindowTableLayout.Current], half);
    }

    /// <summary>What <see cref="Refill"/> has a site become.</summary>
    public static EmulatedInstruction JumpFrom(TargetAddress site) => EmulatedInstruction.Jump(site + 0x2000);

    /// <summary>Where the program's stack is.</summary>
    public TargetAddress Stack => At(StackAt);

    public ref ulong Word(TargetAddress at) => ref *(ulong*)at.Value;

    /// <summary>What the handler counted.</summary>
    public (long Answered, long Late) Counts =>
        (*(long*)(_memory + TableAt + WindowTableLayout.Answered), *(long*)(_memory + TableAt + WindowTableLayout.Late));

    /// <summary>How often the program's own handler ran.</summary>
    public long Chained => *(long*)(_memory + ChainedAt + 0x100);

    /// <summary>The program's own action.</summary>
    /// <param name="ignored">SIG_IGN; else a handler that counts.</param>
    public void SetAction(bool ignored)
    {
        ulong* action = (ulong*)(_memory + DataAt + TrapHandlerEmitter.Action);
        action[0] = ignored ? 1 : At(ChainedAt).Value;
        action[1] = 0x4000_0004; // SA_NODEFER | SA_SIGINFO: the mask of this thread stays as it is
    }

    /// <summary>Calls the handler; the registers before are the seed's.</summary>
    /// <param name="rip">The frame's pc.</param>
    /// <param name="code">siginfo's si_code.</param>
    /// <param name="seed">Makes the other registers.</param>
    /// <param name="value">siginfo's si_value.</param>
    public RegisterBlock Call(TargetAddress rip, int code, RegisterBlock seed, ulong value = 0)
    {
        ulong* context = (ulong*)(_memory + ContextAt);
        new Span<ulong>(context, 64).Clear();
        ulong* general = (ulong*)(_memory + ContextAt + ContextGeneral); // r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx
        ReadOnlySpan<ulong> values = [seed.R8, seed.R9, seed.R10, seed.R11, seed.R12, seed.R13, seed.R14, seed.R15, seed.Rdi, seed.Rsi, seed.Rbp, seed.Rbx, seed.Rdx, seed.Rax, seed.Rcx];
        values.CopyTo(new Span<ulong>(general, values.Length));
        *(ulong*)(_memory + ContextAt + ContextRsp) = seed.Rsp.Value;
        *(ulong*)(_memory + ContextAt + ContextRip) = rip.Value;
        *(ulong*)(_memory + ContextAt + ContextFlags) = seed.Rflags;
        *(int*)(_memory + SignalAt + 8) = code;
        *(ulong*)(_memory + SignalAt + 24) = value;
        ((delegate* unmanaged<void>)(_memory + (IsPassedOn ? FunctionCallerAt : CallerAt)))();
        return new RegisterBlock
        {
            R8 = general[0], R9 = general[1], R10 = general[2], R11 = general[3], R12 = general[4], R13 = general[5], R14 = general[6], R15 = general[7],
            Rdi = general[8], Rsi = general[9], Rbp = general[10], Rbx = general[11], Rdx = general[12], Rax = general[13], Rcx = general[14],
            Rsp = new(*(ulong*)(_memory + ContextAt + ContextRsp)), Rip = new(*(ulong*)(_memory + ContextAt + ContextRip)),
            Rflags = *(ulong*)(_memory + ContextAt + ContextFlags),
        };
    }

    public void Dispose() => Assert.Equal(0, munmap(_memory, Size));

    TargetAddress NewSite(byte head)
    {
        TargetAddress site = At(SitesAt) + 16 * _sites;
        *(byte*)site.Value = head;
        return site;
    }

    Span<byte> NewEntry()
    {
        *(int*)(_memory + TableAt + WindowTableLayout.Counts + sizeof(int)) = ++_sites;
        return new Span<byte>(_memory + TableAt + WindowTableLayout.Entries + HalfSize + WindowTableLayout.EntrySize * (_sites - 1), WindowTableLayout.EntrySize);
    }

    /// <summary>The kernel's way lets it return to the restorer, in whose place a jump stands here; the other is a call.</summary>
    void AssembleCallers()
    {
        Assembler kernel = BeginCaller(), function = BeginCaller(), back = new(64), restorer = new(64);
        kernel.mov(rcx, At(CodeAt).Value);
        kernel.push(rcx);
        kernel.jmp(rax);
        Assemble(kernel, CallerAt);
        restorer.jmp(At(ReturnAt).Value);
        Assemble(restorer, CodeAt);
        function.mov(rbx, 1);
        function.call(rax);
        function.dec(rbx); // kept for its caller
        Label kept = function.CreateLabel();
        function.je(kept);
        function.ud2();
        function.Label(ref kept);
        function.jmp(At(ReturnAt).Value);
        Assemble(function, FunctionCallerAt);
        foreach (AssemblerRegister64 register in s_saved.Reverse()) back.pop(register);
        back.ret();
        Assemble(back, ReturnAt);
        var chained = new Assembler(64);
        chained.mov(rax, (At(ChainedAt) + 0x100).Value);
        chained.inc(__qword_ptr[rax]);
        chained.ret();
        Assemble(chained, ChainedAt);
    }

    static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14, r15];

    Assembler BeginCaller()
    {
        var asm = new Assembler(64);
        foreach (AssemblerRegister64 register in s_saved) asm.push(register);
        asm.mov(edi, 5);
        asm.mov(rsi, At(SignalAt).Value);
        asm.mov(rdx, At(ContextAt).Value);
        asm.mov(rax, (At(CodeAt) + TrapHandlerEmitter.HandlerOffset).Value);
        return asm;
    }

    void Assemble(Assembler asm, int at)
    {
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), At(at).Value);
        Place(at, code.ToArray());
    }

    void Place(int at, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(_memory + at, bytes.Length));

    TargetAddress At(int offset) => new((ulong)(_memory + offset));

    [LibraryImport("libc")]
    private static partial byte* mmap(byte* address, nuint size, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int munmap(byte* address, nuint size);
}
