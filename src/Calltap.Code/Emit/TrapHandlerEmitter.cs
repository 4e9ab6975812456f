using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Code.Emit;

/// <summary>
/// Emits the handler for SIGTRAP that stands in the target during a window: a thread that meets a breakpoint when no
/// tracer is there to answer does what the site is becoming. While the tracer lives its guard sees each trap first.
/// </summary>
/// <remarks>
/// The questions are the guard's, in its order (docs/patching-protocol.md, I7): raised by the kernel for an int3, at a
/// known site; is the breakpoint still there; what is the site becoming. Any other trap is the program's: its
/// own handler runs, under the mask that the kernel would have given it, or the process ends as it would have.
/// It is called by the kernel as handler(signal, siginfo, ucontext), with every signal blocked, may change every
/// register (rt_sigreturn loads them all), calls nothing and touches no memory but the table, the frame, and the stack
/// that an emulated call or return uses. Frame: struct ucontext and siginfo_t of the kernel's x86 ABI.
/// </remarks>
public sealed class TrapHandlerEmitter
{
    const int SignalCode = 8; // siginfo_t.si_code
    const int SignalValue = 24; // si_value
    const int SI_KERNEL = 0x80;
    const int ContextRsp = 160, ContextRip = 168, ContextMask = 296; // struct ucontext
    const int NR_rt_sigaction = 13, NR_rt_sigprocmask = 14, NR_getpid = 39, NR_gettid = 186, NR_rt_tgsigqueueinfo = 297;
    const int SIG_SETMASK = 2, SIGTRAP = 5;
    const int MaskBytes = 8;
    const int SA_NODEFER = 0x4000_0000, ResetHandBit = 31; // SA_RESETHAND
    const byte Int3 = 0xcc;

    static readonly AssemblerRegister64[] s_passed = [rdi, rsi, rdx, r9]; // the handler's arguments and its address

    static readonly AssemblerRegister64[] s_kept = [rbx, r12, r13]; // a handler set meanwhile may call this one as a function

    // mov rax, 15 (rt_sigreturn); syscall: these very bytes tell an unwinder that it has come to a signal frame (libgcc, gdb).
    static readonly byte[] s_restorer = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];

    readonly Assembler _asm = new(64);
    readonly int _data;

    TrapHandlerEmitter(int data) => _data = data;

    /// <summary>Emits the function that the handler returns to (SA_RESTORER), and behind it, 16 bytes further on, the handler.</summary>
    /// <param name="data">How far behind the start its data is (<see cref="DataSize"/> bytes), which the tracer writes.</param>
    public static byte[] Emit(int data) => new TrapHandlerEmitter(data).EmitAll();

    /// <summary>si_code of a trap that a guard is answering: SI_QUEUE.</summary>
    public const int BeingAnswered = -1;

    /// <summary>si_value of such a trap. One that is delivered all the same was left by a guard that died: before or after it had set the registers.</summary>
    public const ulong Mark = 0x7061_7274_6c6c_6143;

    /// <summary>Offset of the handler behind the restorer.</summary>
    public const int HandlerOffset = 16;

    /// <summary>
    /// Offset in the data of the program's own action for SIGTRAP: handler, flags, restorer, mask; qwords (rt_sigaction(2)). Not in the window
    /// table, which goes when the session ends: it is good as long as the code is.
    /// </summary>
    public const int Action = 0;

    /// <summary>Bytes of that action.</summary>
    public const int ActionSize = 32;

    /// <summary>Offset in the data of the address of the window table; 0 when there is none.</summary>
    public const int TablePointer = ActionSize;

    /// <summary>Bytes of the data.</summary>
    public const int DataSize = TablePointer + sizeof(ulong);

    byte[] EmitAll()
    {
        Label start = _asm.CreateLabel();
        _asm.Label(ref start);
        _asm.db(s_restorer);
        for (int i = s_restorer.Length; i < HandlerOffset; i++) _asm.int3();
        foreach (AssemblerRegister64 register in s_kept) _asm.push(register);
        Label foreign = _asm.CreateLabel(), found = _asm.CreateLabel(), raised = _asm.CreateLabel(), notFound = _asm.CreateLabel();
        _asm.lea(rbx, __[start]);
        _asm.mov(r8, __qword_ptr[rbx + (_data + TablePointer)]);
        _asm.xor(r13d, r13d);
        _asm.cmp(__dword_ptr[rsi + SignalCode], SI_KERNEL);
        _asm.je(raised);
        _asm.mov(rax, Mark);
        _asm.cmp(__qword_ptr[rsi + SignalValue], rax);
        _asm.jne(foreign);
        _asm.cmp(__dword_ptr[rsi + SignalCode], BeingAnswered);
        _asm.jne(foreign);
        _asm.inc(r13d);
        _asm.Label(ref raised);
        _asm.test(r8, r8);
        _asm.je(notFound);
        _asm.mov(r9, __qword_ptr[rdx + ContextRip]);
        _asm.dec(r9);
        Label find = _asm.CreateLabel(), missing = _asm.CreateLabel();
        _asm.Label(ref find);
        Find(found, missing);
        _asm.Label(ref missing);
        _asm.cmp(r12d, __dword_ptr[r8 + WindowTableLayout.Fillings]);
        _asm.jne(find);
        _asm.jmp(notFound);
        _asm.Label(ref found);
        Answer(find);
        _asm.Label(ref notFound); // a marked trap whose pc is not the one behind a breakpoint has been answered
        _asm.test(r13d, r13d);
        _asm.je(foreign);
        Return();
        _asm.Label(ref foreign);
        Foreign();
        using var code = new MemoryStream();
        _asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    /// <summary>r11 = the entry of the site at r9; binary search in the half that counts. r12d = the number of fillings before.</summary>
    void Find(Label found, Label notFound)
    {
        Label look = _asm.CreateLabel(), above = _asm.CreateLabel();
        _asm.mov(r12d, __dword_ptr[r8 + WindowTableLayout.Fillings]);
        _asm.movzx(eax, __byte_ptr[r8 + WindowTableLayout.Current]);
        _asm.mov(ecx, __dword_ptr[r8 + rax * 4 + WindowTableLayout.Counts]);
        _asm.imul(rax, __qword_ptr[r8 + WindowTableLayout.HalfSize]);
        _asm.lea(r10, __qword_ptr[r8 + rax + WindowTableLayout.Entries]);
        _asm.xor(edi, edi); // the entries in [rdi, rcx) are left
        _asm.Label(ref look);
        _asm.cmp(rdi, rcx);
        _asm.jae(notFound);
        _asm.lea(rax, __qword_ptr[rdi + rcx]);
        _asm.shr(rax, 1);
        _asm.imul(r11, rax, WindowTableLayout.EntrySize);
        _asm.add(r11, r10);
        _asm.cmp(__qword_ptr[r11 + WindowTableLayout.Address], r9);
        _asm.je(found);
        _asm.jb(above);
        _asm.mov(rcx, rax);
        _asm.jmp(look);
        _asm.Label(ref above);
        _asm.lea(rdi, __qword_ptr[rax + 1]);
        _asm.jmp(look);
    }

    /// <summary>The entry is read as a whole before anything is done by it: where the table was filled meanwhile, it is looked for again.</summary>
    void Answer(Label again)
    {
        Label late = _asm.CreateLabel(), pops = _asm.CreateLabel(), pushes = _asm.CreateLabel(), answered = _asm.CreateLabel();
        _asm.cmp(__byte_ptr[r9], Int3);
        _asm.jne(late);
        _asm.movzx(ecx, __byte_ptr[r11 + WindowTableLayout.Kind]);
        _asm.movzx(edi, __word_ptr[r11 + WindowTableLayout.Pop]);
        _asm.mov(rax, __qword_ptr[r11 + WindowTableLayout.Target]);
        _asm.mov(r10, __qword_ptr[r11 + WindowTableLayout.Push]);
        _asm.cmp(r12d, __dword_ptr[r8 + WindowTableLayout.Fillings]);
        _asm.jne(again);
        _asm.cmp(ecx, WindowTableLayout.KindReturn);
        _asm.je(pops);
        _asm.ja(pushes);
        _asm.Label(ref answered);
        _asm.mov(__qword_ptr[rdx + ContextRip], rax);
        _asm.@lock.inc(__qword_ptr[r8 + WindowTableLayout.Answered]);
        Return();

        _asm.Label(ref pushes);
        _asm.mov(rcx, __qword_ptr[rdx + ContextRsp]);
        _asm.sub(rcx, 8);
        _asm.mov(__qword_ptr[rcx], r10);
        _asm.mov(__qword_ptr[rdx + ContextRsp], rcx);
        _asm.jmp(answered);

        _asm.Label(ref pops);
        _asm.mov(rcx, __qword_ptr[rdx + ContextRsp]);
        _asm.mov(rax, __qword_ptr[rcx]);
        _asm.lea(rcx, __qword_ptr[rcx + rdi + 8]);
        _asm.mov(__qword_ptr[rdx + ContextRsp], rcx);
        _asm.jmp(answered);

        _asm.Label(ref late);
        _asm.mov(__qword_ptr[rdx + ContextRip], r9);
        _asm.@lock.inc(__qword_ptr[r8 + WindowTableLayout.Late]);
        Return();
    }

    /// <summary>As the kernel would have delivered it without us (handle_signal, get_signal in kernel/signal.c).</summary>
    void Foreign()
    {
        Label ends = _asm.CreateLabel(), ignored = _asm.CreateLabel(), masked = _asm.CreateLabel(), stays = _asm.CreateLabel(), passedOn = _asm.CreateLabel();
        _asm.cmp(__qword_ptr[rsp + s_kept.Length * 8], rbx); // the kernel returns to the restorer; a handler set meanwhile has passed this on
        _asm.jne(passedOn);
        _asm.mov(r9, __qword_ptr[rbx + (_data + Action)]);
        _asm.test(r9, r9); // SIG_DFL
        _asm.je(ends);
        _asm.cmp(r9, 1); // SIG_IGN
        _asm.je(ignored);
        _asm.mov(r12, __qword_ptr[rbx + (_data + Action + 8)]);
        _asm.mov(rax, __qword_ptr[rbx + (_data + Action + 24)]);
        _asm.or(rax, __qword_ptr[rdx + ContextMask]);
        _asm.test(r12d, SA_NODEFER);
        _asm.jne(masked);
        _asm.or(rax, 1 << (SIGTRAP - 1));
        _asm.Label(ref masked);
        _asm.mov(edi, SIGTRAP); // used by the search
        foreach (AssemblerRegister64 register in s_passed) _asm.push(register);
        _asm.push(rax);
        SignalCall(NR_rt_sigprocmask, SIG_SETMASK);
        _asm.pop(rax);
        _asm.bt(r12d, ResetHandBit);
        _asm.jae(stays);
        DefaultAction();
        _asm.Label(ref stays);
        foreach (AssemblerRegister64 register in s_passed.Reverse()) _asm.pop(register);
        Restore();
        _asm.jmp(r9);

        _asm.Label(ref ignored); // what was sent, not what an instruction raised
        _asm.cmp(__dword_ptr[rsi + SignalCode], 0);
        _asm.jg(ends);
        _asm.Label(ref passedOn);
        Return();
        _asm.Label(ref ends);
        End();
    }

    /// <summary>The default action, and the signal once more: taken when rt_sigreturn has put the mask back.</summary>
    void End()
    {
        _asm.push(rsi);
        DefaultAction();
        _asm.mov(eax, NR_getpid);
        _asm.syscall();
        _asm.mov(edi, eax);
        _asm.mov(eax, NR_gettid);
        _asm.syscall();
        _asm.mov(esi, eax);
        _asm.mov(edx, SIGTRAP);
        _asm.pop(r10);
        _asm.mov(eax, NR_rt_tgsigqueueinfo);
        _asm.syscall();
        Return();
    }

    void Return()
    {
        Restore();
        _asm.ret();
    }

    void Restore()
    {
        foreach (AssemblerRegister64 register in s_kept.Reverse()) _asm.pop(register);
    }

    void DefaultAction()
    {
        for (int i = 0; i < ActionSize / sizeof(ulong); i++) _asm.push(0);
        SignalCall(NR_rt_sigaction, SIGTRAP);
        _asm.lea(rsp, __qword_ptr[rsp + ActionSize]);
    }

    /// <summary>A call that sets what lies on the top of the stack, and does not ask what was there before.</summary>
    void SignalCall(int number, int first)
    {
        _asm.mov(edi, first);
        _asm.mov(rsi, rsp);
        _asm.xor(edx, edx);
        _asm.mov(r10d, MaskBytes);
        _asm.mov(eax, number);
        _asm.syscall();
    }
}
