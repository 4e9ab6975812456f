using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>The way of a launched command from the stopped shell to where it is held. On the ptrace thread only, which spawned it.</summary>
internal sealed class LaunchSteps(Pid pid, string path)
{
    private const ulong AT_BASE = 7;
    private const ulong AT_ENTRY = 9;
    private const byte Int3 = 0xcc;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private readonly Tid _tid = new(pid.Value);
    private readonly Deadline _deadline = Deadline.In(s_timeout);

    internal void SeizeStoppedShell()
    {
        siginfo_t report = default;
        bool changed = _deadline.Poll(() =>
            Wait.One(_tid, Wait.WSTOPPED | Wait.WEXITED | Wait.WNOHANG, out report).Ok && report.si_pid != 0);
        if (!changed || report.si_code != Wait.CLD_STOPPED)
            throw Failed("the shell did not start it");
        SysResult seized = Ptrace.Seize(_tid, Ptrace.PTRACE_O_TRACEEXEC | Ptrace.PTRACE_O_TRACESYSGOOD);
        if (seized.Errno == Errno.EPERM)
            throw AttachChecks.NotPermitted(pid, ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Process(pid, "status")) ?? ""));
        seized.OrThrow($"PTRACE_SEIZE({pid})");
        Next(); // The group stop it is in, now a ptrace stop.
    }

    internal void RunToExec()
    {
        Signals.Kill(pid, Signals.SIGCONT).OrThrow($"kill({pid}, SIGCONT)");
        Resume(default);
        for (TraceeStop stop = Next(); stop.Kind != StopKind.Event || stop.Event != Ptrace.PTRACE_EVENT_EXEC; stop = Next())
            Resume(stop);
    }

    /// <summary>By a breakpoint, which is safe here: the one thread is in the dynamic linker, or has not run at all.</summary>
    internal void RunToEntry()
    {
        using TargetProcess target = TargetProcess.Open(pid);
        TargetTextWriter writer = new(target);
        TargetAddress entry = new(Auxiliary(target, AT_ENTRY) ?? throw AttachChecks.Ended(pid));
        byte[] original = new byte[1];
        if (target.ReadMemory(entry, original) != 1)
            throw Failed($"its entry point {entry} is not mapped");
        writer.Write(entry, original, [Int3]);
        Resume(default);
        user_regs_struct registers;
        for (TraceeStop stop = Next(); !IsAt(stop, entry, out registers); stop = Next())
            Resume(stop);
        writer.Write(entry, [Int3], original);
        registers.rip = entry.Value;
        Ptrace.SetRegs(_tid, registers).OrThrow($"PTRACE_SETREGS({pid})");
        bool isStatic = Auxiliary(target, AT_BASE) is null or 0; // no dynamic linker was loaded
        if (isStatic && !new StaticStart(target, _tid, _deadline).Run())
            throw Failed("it is static, and sets up no thread pointer as glibc and musl do");
    }

    private static ulong? Auxiliary(TargetProcess target, ulong type)
    {
        ReadOnlySpan<ulong> vector = MemoryMarshal.Cast<byte, ulong>(target.ReadAuxiliaryVector());
        for (int i = 0; i + 1 < vector.Length; i += 2)
            if (vector[i] == type)
                return vector[i + 1];
        return null;
    }

    private bool IsAt(TraceeStop stop, TargetAddress entry, out user_regs_struct registers)
    {
        registers = default;
        return stop is { Kind: StopKind.Signal, Signal: Signals.SIGTRAP }
            && Ptrace.GetRegs(_tid, out registers).Ok && registers.rip == entry.Value + 1;
    }

    private TraceeStop Next()
    {
        TraceeStop stop = TraceeStop.Next(_tid, _deadline);
        return stop.Kind switch
        {
            StopKind.Ended => throw Failed("it ended before its first own instruction"),
            StopKind.None => throw Failed($"it did not reach its first own instruction within {s_timeout.TotalSeconds} s"),
            _ => stop,
        };
    }

    private void Resume(TraceeStop stop)
    {
        SysResult resumed = stop.Kind == StopKind.GroupStop ? Ptrace.Listen(_tid) : Ptrace.Cont(_tid, stop.Signal);
        if (!resumed.Ok && resumed.Errno != Errno.ESRCH) // ESRCH: killed meanwhile; the next wait tells.
            resumed.OrThrow($"PTRACE_CONT({pid})");
    }

    private AttachException Failed(string what) => AttachChecks.Refuse(AttachRefusal.CannotRun, $"cannot run '{path}': {what}");
}
