using System.Runtime.CompilerServices;
using Calltap.Native;
using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>
/// A thread of the target, stopped and borrowed to make system calls for us. From the first call on it restores itself: were the tracer
/// killed at any instruction, the thread would finish the call at hand, return through its <see cref="RestoreFrame"/> and go on with its own
/// work. Used on the ptrace thread only.
/// <code>
///   TryTake -> [Call | Run]* -> Finish        every wait has a deadline
/// </code>
/// </summary>
internal sealed class HijackedThread
{
    private const ulong TrapFlag = 0x100;
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_callTimeout = TimeSpan.FromSeconds(5);

    private static int s_rehearsed;

    private readonly TargetProcess _target;
    private readonly Gadgets _gadgets;
    private readonly RestoreFrame _frame;
    private readonly user_regs_struct _stopped;
    private TargetTextWriter? _clearer; // of a frame in spare memory
    private readonly KeptSignals _signals; // SIGSTOP can't be blocked
    private bool _armed;
    private bool _lost;
    private MonotonicNs _since;

    private HijackedThread(TargetProcess target, Tid tid, Gadgets gadgets, RestoreFrame frame, in user_regs_struct stopped)
    {
        (_target, Tid, _gadgets, _frame, _stopped, _signals) = (target, tid, gadgets, frame, stopped, new KeptSignals(target.Pid, tid));
    }

    internal Tid Tid { get; }

    /// <summary>How long the thread was kept from its work, from the request to stop to its release; zero for one that was held anyway.</summary>
    internal TimeSpan KeptFor { get; private set; }

    /// <summary>Whether it runs on, untraced.</summary>
    internal bool IsReleased { get; private set; }

    /// <summary>Seizes and stops a thread and prepares its way back; null, and the thread as it was, when it is not usable at this moment.</summary>
    internal static HijackedThread? TryTake(TargetProcess target, TargetTextWriter writer, Seizing seizing, Tid tid, Gadgets gadgets, IReadOnlyList<MemoryMapping> mappings)
    {
        if (RuntimeFeature.IsDynamicCodeCompiled && Interlocked.Exchange(ref s_rehearsed, 1) == 0)
            Rehearse(target, writer, gadgets, mappings);
        if (!Seize(target, seizing, tid))
            return null;
        MonotonicNs since = Clock.Now();
        TraceeStop stop = Ptrace.Interrupt(tid).Ok ? TraceeStop.Next(tid, Deadline.In(s_stopTimeout)) : default;
        if (stop.Kind == StopKind.Interrupted && !Injection.IsFiltered(target, tid) && FromStop(target, writer, tid, gadgets, mappings) is { } taken)
        {
            taken._since = since;
            return taken;
        }

        GiveBack(tid, stop);
        return null;
    }

    /// <summary>Prepares a thread that this ptrace thread holds in a stop already, with TRACESYSGOOD; null when its state is not one to leave from.</summary>
    internal static HijackedThread? FromStop(TargetProcess target, TargetTextWriter writer, Tid tid, Gadgets gadgets, IReadOnlyList<MemoryMapping> mappings)
    {
        byte[] state = new byte[ExtendedState.MaximumBytes];
        if (!Ptrace.GetRegs(tid, out user_regs_struct stopped).Ok || !Ptrace.GetSigMask(tid, out ulong mask).Ok
            || Ptrace.GetXState(tid, state) is not { Ok: true } filled)
            return null;
        if (!RestartableCalls.TryContinue(stopped, out user_regs_struct own) || !PendingSignals.AllowHijack(tid, mask, own.rip != stopped.rip))
            return null;
        byte[] extended = ExtendedState.ToFrame(state.AsSpan(0, filled.Value));
        var stack = new TargetAddress(own.rsp);
        bool isGoroutine = target.IsGoAlone && !FrameRoom.IsMainStack(mappings, stack);
        if ((isGoroutine ? FrameRoom.Spare(target, mappings, RestoreFrame.MostBytes(extended)) : stack + -RestoreFrame.RedZone) is not { } top)
            return null;
        RestoreFrame frame = RestoreFrame.Build(top, own, mask, extended, gadgets.Chain);
        if (!isGoroutine && !FrameRoom.IsSafe(mappings, frame.Address, stack, new TargetAddress(own.fs_base)))
            return null;
        if (own.rip != stopped.rip && !Ptrace.SetRegs(tid, own).Ok)
            return null; // At once, so that an EINTR of ours is undone even if the tracer dies before the first call.
        writer.Place(frame.Address, frame.Bytes);
        return new HijackedThread(target, tid, gadgets, frame, stopped) { _clearer = isGoroutine ? writer : null };
    }

    /// <summary>Makes one system call; the value or error is the kernel's.</summary>
    /// <exception cref="AttachException">The target ended, or did not answer in time.</exception>
    internal SysResult<long> Call(int number, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0)
    {
        user_regs_struct registers = _stopped;
        registers.rax = (ulong)number;
        (registers.rdi, registers.rsi, registers.rdx) = (a0, a1, a2);
        (registers.r10, registers.r8, registers.r9) = (a3, a4, a5);
        return Run(_gadgets.SyscallReturn, registers);
    }

    /// <summary>
    /// Runs code that makes one system call and then returns; <paramref name="registers"/> are its own but for rip, rsp and orig_rax. The value is
    /// that system call's.
    /// </summary>
    /// <exception cref="AttachException">The target ended, or did not answer in time.</exception>
    internal SysResult<long> Run(TargetAddress code, user_regs_struct registers)
    {
        registers.rip = code.Value;
        registers.rsp = _frame.Address.Value;
        registers.eflags &= ~TrapFlag; // A program that single-steps itself: a step with its signal blocked would end it. The frame has the flag.
        registers.orig_rax = ulong.MaxValue; // The kernel's restart logic must not touch the new registers.
        Check(Ptrace.SetRegs(Tid, registers));

        // In this order: a tracer killed in between leaves a thread that restores its own mask.
        if (!_armed)
            Check(Ptrace.SetSigMask(Tid, Signals.All));
        _armed = true;
        long result;
        do
        {
            NextSyscallStop();
            NextSyscallStop();
            Check(Ptrace.GetRegs(Tid, out user_regs_struct after));
            result = (long)after.rax;
        }
        while (result is RestartableCalls.ERESTARTSYS or RestartableCalls.ERESTARTNOINTR); // a SIGSTOP: the kernel makes the call again
        return result is < 0 and >= -4095 ? new SysResult<long>(-1, (Errno)(-result)) : new SysResult<long>(result, Errno.None);
    }

    /// <summary>The registers to start <see cref="Run"/> from.</summary>
    internal user_regs_struct Registers => _stopped;

    /// <summary>
    /// Lets the thread return into its own state and stops it there: at the exit of rt_sigreturn. With <paramref name="detach"/> it runs on, untraced.
    /// </summary>
    /// <exception cref="AttachException">The target ended, or did not answer in time.</exception>
    internal void Finish(bool detach)
    {
        if (_lost)
            return; // Out of reach, and restoring itself whenever it runs.
        if (_armed)
        {
            NextSyscallStop();
            NextSyscallStop();
            _signals.GiveBack();
            if (detach)
                Check(Ptrace.Detach(Tid, 0));
            IsReleased = detach;
            Clear();
            if (_since != default)
                KeptFor = TimeSpan.FromMicroseconds((Clock.Now().Value - _since.Value) / 1000.0);
        }
        else
        {
            if (detach)
                GiveBack(Tid, new TraceeStop(StopKind.Interrupted, 0, 0));
            Clear();
        }
    }

    private void Clear()
    {
        if (_clearer is { } writer && !_target.IsGone)
            FrameRoom.Clear(writer, _frame);
    }

    /// <summary>
    /// Goes through all of it with no thread: compiled code still has to find what it calls at the first call, and a borrowed thread would wait for
    /// that, more than a millisecond altogether. Not done in a NativeAOT binary. Nothing in the target is changed; every request gives ESRCH.
    /// </summary>
    private static void Rehearse(TargetProcess target, TargetTextWriter writer, Gadgets gadgets, IReadOnlyList<MemoryMapping> mappings)
    {
        Tid nobody = default;
        Ptrace.Interrupt(nobody);
        GiveBack(nobody, TraceeStop.Next(nobody, Deadline.In(TimeSpan.Zero)));
        FromStop(target, writer, nobody, gadgets, mappings);
        Ptrace.GetSigMask(nobody, out ulong mask);
        Ptrace.GetXState(nobody, new byte[ExtendedState.MaximumBytes]);
        user_regs_struct registers = new() { rsp = mappings[^1].End.Value, orig_rax = ulong.MaxValue };
        RestartableCalls.TryContinue(registers, out _);
        PendingSignals.AllowHijack(nobody, mask, inCall: true);
        RestoreFrame frame = RestoreFrame.Build(new TargetAddress(registers.rsp), registers, mask, ExtendedState.ToFrame(new byte[ExtendedState.MaximumBytes]), gadgets.Chain);
        FrameRoom.IsSafe(mappings, frame.Address, new TargetAddress(registers.rsp), default);
        Ptrace.SetSigMask(nobody, mask);
        Ptrace.Syscall(nobody, 0);
        try
        {
            new HijackedThread(target, nobody, gadgets, frame, registers).Call(0);
        }
        catch (AttachException)
        {
            // ESRCH, the one right end of it.
        }
    }

    private static bool Seize(TargetProcess target, Seizing seizing, Tid tid)
    {
        SysResult seized = seizing.Seize(target.Pid, tid, Ptrace.PTRACE_O_TRACESYSGOOD);
        if (seized.Errno == Errno.EPERM && target.ReadStatus(tid) is { IsDead: false } status && AttachChecks.NotSeized(target.Pid, tid, status) is { } refusal)
            throw refusal;
        return seized.Ok;
    }

    // Back as it was: a signal goes on to the program, an EINTR that only we caused is undone, a group stop stays one. A thread that did not
    // stop cannot be detached; the end of the ptrace thread does that.
    private static void GiveBack(Tid tid, TraceeStop stop)
    {
        if (stop.Kind is StopKind.Interrupted or StopKind.Signal && Ptrace.GetRegs(tid, out user_regs_struct registers).Ok)
            RestartableCalls.TryRepeatAfterEintr(tid, ref registers, stop.Kind == StopKind.Signal ? stop.Signal : 0);
        Ptrace.Detach(tid, stop.Kind == StopKind.Signal ? stop.Signal : 0);
    }

    private void NextSyscallStop()
    {
        Deadline deadline = Deadline.In(s_callTimeout);
        _lost = true;
        Check(Ptrace.Syscall(Tid, 0));
        while (true)
        {
            TraceeStop stop = TraceeStop.Next(Tid, deadline);
            switch (stop.Kind)
            {
                case StopKind.Syscall:
                    _lost = false;
                    return;
                case StopKind.None:
                    throw AttachChecks.Refuse(AttachRefusal.Stopped, $"process {_target.Pid} ({_target.Name}) did not go on within {s_callTimeout.TotalSeconds} s: it is stopped or frozen");
                case StopKind.Ended:
                    throw AttachChecks.Ended(_target.Pid);
                case StopKind.GroupStop when _since != default:
                    Check(Ptrace.Listen(Tid));
                    break;
                default:
                    // Who sent it may wait for the tracer that holds this thread.
                    bool isKept = _since == default && _signals.Take(stop);
                    Check(Ptrace.Syscall(Tid, isKept ? 0 : stop.Signal));
                    break;
            }
        }
    }

    private void Check(SysResult result)
    {
        if (result.Errno == Errno.ESRCH)
            throw AttachChecks.Ended(_target.Pid);
        result.OrThrow($"ptrace of thread {Tid}");
    }
}
