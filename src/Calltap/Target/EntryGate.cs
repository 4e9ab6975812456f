using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// Holds a program that exec has just started at its entry point: libraries are loaded, main has not run. No breakpoint stands meanwhile, so that
/// the program goes on as ever if the tracer dies at any moment.
/// </summary>
/// <remarks>
/// <code>
/// exec -> Place -> [system calls of the dynamic linker, Answer]* -> Pass -> held at the entry
/// </code>
/// The dynamic linker leads to where the auxiliary vector on the stack says that the entry is (AT_ENTRY). That word is changed to lead into a page of ours,
/// which makes one harmless system call, where the tracer holds the thread, and jumps to the entry. A static program is held where it has set up its thread pointer
/// (<see cref="StaticStart"/>). On the ptrace thread, with TRACESYSGOOD.
/// </remarks>
internal sealed class EntryGate : IDisposable
{
    private const ulong NR_prctl = 157, PR_SET_SECCOMP = 22, NR_seccomp = 317;
    private const ulong AT_NULL = 0;
    private const ulong AT_BASE = 7;
    private const ulong AT_ENTRY = 9;
    private const ulong PROT_READ_EXEC = 5;
    private const ulong MAP_PRIVATE_ANONYMOUS = 0x22;
    private const int PageSize = 4096;
    private const int BehindCall = 7;
    private const int MostStack = 8 << 20; // arguments and environment take at most 6 MiB (_STK_LIM / 4 * 3)
    private const long ENOSYS = -38; // rax at a system call's entry

    private static readonly byte[] s_nop = [0x0f, 0x1f, 0x80, 0, 0, 0, 0]; // of as many bytes

    private readonly TargetProcess _target;
    private readonly TargetTextWriter _writer;
    private readonly PtraceThread _thread;
    private readonly Tid _tid;
    private readonly TargetAddress _entry;
    private TargetAddress _page;
    private TargetAddress _word; // of the vector

    private EntryGate(TargetProcess target, PtraceThread thread, Tid tid)
    {
        (_target, _thread, _tid) = (target, thread, tid);
        _writer = new TargetTextWriter(target);
        _entry = new TargetAddress(target.ReadAuxiliary(AT_ENTRY));
    }

    /// <summary>Whether the program is held at its entry: a static one is from the beginning.</summary>
    internal bool IsHeld { get; private set; }

    /// <summary>Makes the gate; the thread stands in the stop of PTRACE_EVENT_EXEC. Afterwards it is to be resumed with PTRACE_SYSCALL.</summary>
    /// <param name="thread">The ptrace thread, which this runs on.</param>
    /// <param name="pid">The process.</param>
    /// <param name="deadline">For all of it.</param>
    /// <exception cref="AttachException">The program can't be traced, or can't be held there; it stands at its first instruction, unchanged.</exception>
    internal static EntryGate Place(PtraceThread thread, Pid pid, Deadline deadline)
    {
        TargetProcess target = TargetProcess.Open(pid);
        EntryGate gate = new(target, thread, new Tid(pid.Value));
        try
        {
            gate.Place(deadline);
            return gate;
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What is to be done at a stop for a system call: <see cref="Pass"/> where the thread has come to the gate, <see cref="GiveUp"/> where the program, a library's constructor,
    /// is about to put itself under a filter, which might end it for the gate's system call; null for any other.
    /// </summary>
    internal Action? Answer()
    {
        if (!Ptrace.GetRegs(_tid, out user_regs_struct registers).Ok)
            return null;
        bool begins = (long)registers.rax == ENOSYS;
        if (!begins && registers.rip == (_page + BehindCall).Value)
            return Pass;
        return begins && (registers.orig_rax == NR_seccomp || (registers.orig_rax == NR_prctl && registers.rdi == PR_SET_SECCOMP)) ? GiveUp : null;
    }

    // Lets the program pass by itself, without a system call. Always throws: why it is not held.
    private void GiveUp()
    {
        _writer.Write(_page, Code().AsSpan(0, BehindCall), s_nop);
        throw AttachChecks.Filtered(_target.Pid, _target.Name);
    }

    // Brings the thread from the gate to the entry, where it is held, and takes everything away.
    private void Pass()
    {
        if (!Ptrace.GetRegs(_tid, out user_regs_struct registers).Ok)
            throw AttachChecks.Ended(_target.Pid);
        registers.rip = _entry.Value;
        registers.orig_rax = ulong.MaxValue;
        Ptrace.SetRegs(_tid, registers).OrThrow($"PTRACE_SETREGS({_tid})");
        RestoreWord();
        Injection.RunHeld(_target, _writer, _thread, _tid, borrowed => borrowed.Call(SystemCall.NR_munmap, _page.Value, PageSize));
        IsHeld = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _target.Dispose();
    }

    // A program that has changed it meanwhile keeps its own.
    private void RestoreWord()
    {
        byte[] found = new byte[sizeof(ulong)];
        if (_target.ReadMemory(_word, found) == found.Length && found.AsSpan().SequenceEqual(Word(_page)))
            _writer.Write(_word, Word(_page), Word(_entry));
    }

    private void Place(Deadline deadline)
    {
        if (Injection.IsFiltered(_target, _tid))
            throw AttachChecks.Filtered(_target.Pid, _target.Name);
        KeptSignals signals = new(_target.Pid, _tid);
        try
        {
            LeaveExec(signals, deadline);
            if (_target.ReadAuxiliary(AT_BASE) == 0)
                IsHeld = new StaticStart(_target, _tid, signals, deadline).Run() ? true : throw Failed("it is static, and sets up no thread pointer as glibc and musl do");
            else
                MapPage();
        }
        finally
        {
            signals.GiveBack();
        }
    }

    // What is injected would take its exit for that of a call of ours.
    private void LeaveExec(KeptSignals signals, Deadline deadline)
    {
        TraceeStop stop;
        do
        {
            Ptrace.Syscall(_tid, 0);
            stop = TraceeStop.Next(_tid, deadline);
        }
        while (signals.Take(stop));
        if (stop.Kind != StopKind.Syscall)
            throw Failed("it did not come out of exec");
    }

    private void MapPage()
    {
        _word = FindEntryWord();
        long mapped = Injection.RunHeld(_target, _writer, _thread, _tid, borrowed =>
            borrowed.Call(SystemCall.NR_mmap, 0, PageSize, PROT_READ_EXEC, MAP_PRIVATE_ANONYMOUS, ulong.MaxValue, 0)).OrThrow("mmap");
        _page = new TargetAddress((ulong)mapped);
        _writer.Place(_page, Code());
        _writer.Write(_word, Word(_entry), Word(_page));
    }

    // mov eax, SYS_gettid; syscall; jmp [rip]; the entry. What a system call destroys has no meaning at an entry (psABI 3.4.1).
    private byte[] Code() => [0xb8, SystemCall.NR_gettid, 0, 0, 0, 0x0f, 0x05, 0xff, 0x25, 0, 0, 0, 0, .. Word(_entry)];

    private static byte[] Word(TargetAddress value)
    {
        byte[] word = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value.Value);
        return word;
    }

    // psABI 3.4.1: rsp -> argc, arguments, 0, environment, 0, the vector.
    private TargetAddress FindEntryWord()
    {
        if (!Ptrace.GetRegs(_tid, out user_regs_struct registers).Ok)
            throw AttachChecks.Ended(_target.Pid);
        TargetAddress start = new(registers.rsp);
        byte[] bytes = new byte[Math.Min(MostStack, StackEnd(start) - start) & ~(sizeof(ulong) - 1)];
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(0, _target.ReadMemory(start, bytes) & ~(sizeof(ulong) - 1)));
        int at = 1;
        for (int lists = 0; lists < 2; lists++)
        {
            while (at < words.Length && words[at] != 0) at++;
            at++;
        }
        for (; at + 1 < words.Length && words[at] != AT_NULL; at += 2)
            if (words[at] == AT_ENTRY && words[at + 1] == _entry.Value)
                return start + sizeof(ulong) * (at + 1L);
        throw Failed("its stack has no auxiliary vector where it belongs");
    }

    private TargetAddress StackEnd(TargetAddress start) =>
        _target.ReadMappings().FirstOrDefault(m => m.Contains(start))?.End ?? throw Failed("it has no stack");

    private AttachException Failed(string what) =>
        AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {_target.Pid} ({_target.Name}) can't be held at its start: {what}");
}
