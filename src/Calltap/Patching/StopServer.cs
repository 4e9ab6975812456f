using System.Diagnostics;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Serves the stops of the guarded threads (ptrace(2), "Stopped states"): answers traps, looks at who is stopped
/// anyway, and hands signals on. For the guard's thread.
/// </summary>
sealed class StopServer(WindowContext window, GuardedThreads threads, ThreadObserver observer)
{
    const int StopsPerRound = 16;
    const int MaxRestShift = 5; // 32 ms
    const int SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;

    readonly TrapAnswers _traps = new(window);
    readonly BlockedTraps _blocked = new(window);
    readonly NewThreads _newThreads = new(window, threads);
    volatile bool _targetGone;

    /// <summary>Whether the target ended or was replaced by exec.</summary>
    public bool TargetGone => _targetGone;

    /// <inheritdoc cref="Guard.NoteActionReset"/>
    public void NoteActionReset() => _blocked.ActionReset = true;

    /// <summary>What was done so far.</summary>
    public ref TrapCounts Counts => ref _traps.Counts;

    /// <summary>The processes that were forked.</summary>
    public ForkChildren ForkChildren => _newThreads.ForkChildren;

    /// <summary>Serves a few stops; whether there was any.</summary>
    public bool Serve(GuardPhase phase)
    {
        bool any = false;
        // Bounded: in a storm of traps there is always one more, and the phase has to go on.
        for (int i = 0; i < StopsPerRound && !_targetGone && Wait.Any(Wait.WSTOPPED | Wait.WEXITED | Wait.WNOHANG | Wait.WNOWAIT, out siginfo_t report).Ok && report.si_pid != 0; i++)
        {
            any = true;
            var tid = new Tid(report.si_pid);
            if (report.si_code is Wait.CLD_EXITED or Wait.CLD_KILLED or Wait.CLD_DUMPED) Reap(tid);
            else Serve(tid, report.si_status, phase);
        }
        return any;
    }

    /// <summary>All kinds of stops, for a thread that there is not (<see cref="Rehearsal"/>).</summary>
    internal void Rehearse(Tid nobody)
    {
        user_regs_struct registers = default;
        Serve(GuardPhase.Clear);
        threads.Add(nobody);
        Serve(nobody, Signals.SIGTRAP, GuardPhase.Clear);
        Serve(nobody, Signals.SIGTRAP | Ptrace.PTRACE_EVENT_STOP << 8, GuardPhase.Clear);
        Serve(nobody, Signals.SIGCONT, GuardPhase.Clear);
        _blocked.Mend(ref threads[0]);
        See(0, ref registers, GuardPhase.Clear);
    }

    void Reap(Tid tid)
    {
        int index = threads.Find(tid);
        if (index >= 0) threads[index].Gone = true;
        if (tid.Value == window.Target.Pid.Value) _targetGone = true; // its status is its parent's, who may be our launcher
        else Wait.One(tid, Wait.WEXITED | Wait.WNOHANG, out _);
    }

    /// <summary>One stop; the signal number and, above it, the event.</summary>
    void Serve(Tid tid, int status, GuardPhase phase)
    {
        int signal = status & 0xff, stopEvent = status >> 8;
        switch (stopEvent)
        {
            case 0 when signal == Signals.SIGTRAP:
                ServeTrap(tid, phase);
                break;
            case 0:
                ServeSignal(tid, signal, phase);
                break;
            case Ptrace.PTRACE_EVENT_STOP:
                ServeEventStop(tid, signal, phase);
                break;
            case Ptrace.PTRACE_EVENT_EXEC:
                ServeExec(tid);
                break;
            default:
                ServeMaking(tid, stopEvent, phase);
                break;
        }
    }

    void ServeTrap(Tid tid, GuardPhase phase)
    {
        TrapOutcome outcome = _traps.Answer(tid, phase, out user_regs_struct registers);
        int index = threads.Find(tid);
        if (index >= 0 && outcome is TrapOutcome.Answered or TrapOutcome.Parked)
        {
            _blocked.Mend(ref threads[index]);
            See(index, ref registers, phase); // the trap is taken and answered: a stop like any other to look at
        }
        if (index >= 0 && outcome == TrapOutcome.InTarget && phase == GuardPhase.Clear)
        {
            registers.rip--; // it goes on where the site leads, outside every region: as good as at the site
            See(index, ref registers, phase);
        }
        if (index >= 0) threads[index].Asked = false; // any stop takes a pending interruption with it
        if (outcome == TrapOutcome.Foreign) LookAtForeign(tid, registers.rip, phase);
        if (index >= 0 && outcome == TrapOutcome.Parked) Park(ref threads[index]);
        else if (index < 0 || outcome != TrapOutcome.Foreign || !HoldBack(ref threads[index], registers, phase))
            Resume(tid, index, outcome is TrapOutcome.Foreign or TrapOutcome.InTarget ? Signals.SIGTRAP : 0);
    }

    void Resume(Tid tid, int index, int signal)
    {
        if (index >= 0 && threads[index].StopsAgain)
        {
            threads[index].StopsAgain = false;
            Ptrace.Interrupt(tid); // the group stop is reported again before the thread is back in user code
        }
        Ptrace.Cont(tid, signal);
    }

    /// <summary>Its pc is the site: if this process dies now, the thread goes on there, whether its signal is lost with the stop or not.</summary>
    static void Park(ref GuardedThread thread)
    {
        thread.Parked = true;
        Wait.One(thread.Tid, Wait.WSTOPPED | Wait.WNOHANG, out _); // taken, so that it is reported once
    }

    /// <summary>
    /// A phase begins: who is parked or held back is stopped anyway. With all phases but the clearing the heads are written, and who is parked goes on.
    /// </summary>
    public void LookAtHeld(GuardPhase phase)
    {
        for (int i = 0; i < threads.Count; i++)
        {
            if (threads[i].Gone || !(threads[i].Parked || threads[i].HeldBack)) continue;
            bool read = Ptrace.GetRegs(threads[i].Tid, out user_regs_struct registers).Ok;
            if (read && threads[i].HeldBack) SeeHeldBack(ref threads[i], registers, phase);
            else if (read && phase is GuardPhase.Clear or GuardPhase.Drain) See(i, ref registers, phase);
            if (!threads[i].Parked || phase is GuardPhase.Enter or GuardPhase.Clear) continue;
            threads[i].Parked = false;
            Resume(threads[i].Tid, i, 0);
        }
    }

    /// <summary>It is not moved, since the program's handler is to see its pc; nor is its trap ours, whatever stands before that pc.</summary>
    void SeeHeldBack(ref GuardedThread thread, in user_regs_struct registers, GuardPhase phase)
    {
        observer.SeeContext(thread.Tid, registers, phase);
        thread.Observed = true;
    }

    /// <summary>
    /// A program that traps all the time (one that single-steps itself) would never come to any other stop: each takes the interruption with
    /// it. Inside a region it is not moved, since the program's handler is to see the pc: its frame is found on the stack later.
    /// </summary>
    void LookAtForeign(Tid tid, ulong pc, GuardPhase phase)
    {
        if (phase != GuardPhase.Clear || window.Regions.FindInterior(pc) < 0) LookAtStopped(tid, phase);
    }

    /// <summary>
    /// A trap of the program's own could meet the default action where a breakpoint may reset the program's: it waits until no breakpoint stands and
    /// the program's own action is back.
    /// </summary>
    bool HoldBack(ref GuardedThread thread, in user_regs_struct registers, GuardPhase phase)
    {
        if (thread.Process != window.Target.Pid) return false;
        if (!_blocked.Any && !threads.AnyBlocksTrap(window.Target.Pid) && SignalActions.CatchesTrap(thread.Tid) != false) return false;
        Wait.One(thread.Tid, Wait.WSTOPPED | Wait.WNOHANG, out _); // taken, so that it is reported once; it stays stopped
        thread.HeldBack = true;
        SeeHeldBack(ref thread, registers, phase);
        return true;
    }

    /// <summary>Delivers what was held back: at the end.</summary>
    public void ReleaseHeldBack()
    {
        for (int i = 0; i < threads.Count; i++)
        {
            if (!threads[i].HeldBack) continue;
            threads[i].HeldBack = false;
            Ptrace.Cont(threads[i].Tid, Signals.SIGTRAP);
        }
    }

    /// <summary>Another signal on its way: its handler's frame must not hold a pc inside a region.</summary>
    void ServeSignal(Tid tid, int signal, GuardPhase phase)
    {
        LookAtStopped(tid, phase);
        SettleCall(tid, signal);
        Ptrace.Cont(tid, signal);
    }

    void SettleCall(Tid tid, int signal)
    {
        int index = threads.Find(tid);
        if (index < 0 || !Repeats || !Ptrace.GetRegs(tid, out user_regs_struct registers).Ok) return;
        if (threads[index].Repeated.Settle(tid, ref registers, signal)) Counts.Restarted++;
    }

    void ServeEventStop(Tid tid, int signal, GuardPhase phase)
    {
        int index = threads.Find(tid);
        if (index < 0 || threads[index].Expected)
        {
            if (_newThreads.TakeForkChild(tid, index)) return;
            index = _newThreads.Add(tid, announced: index >= 0);
        }
        if (threads[index].ForkChild) return;
        LookAtStopped(tid, phase);
        bool groupStop = signal is Signals.SIGSTOP or SIGTSTP or SIGTTIN or SIGTTOU;
        // Not interrupted by us: a SIGCONT stops every traced thread (ptrace_trap_notify).
        if ((threads[index].Interrupted || !groupStop) && Ptrace.GetRegs(tid, out user_regs_struct registers).Ok) RepeatCall(ref threads[index], ref registers);
        threads[index].Interrupted = false;
        if (groupStop && PendingSignals.HasQueuedBreakpoint(tid))
        {
            // Its breakpoint is answered first, without a user instruction in between; then it stops again.
            threads[index].StopsAgain = true;
            Ptrace.Cont(tid, 0);
        }
        else if (groupStop && (window.Broken & BrokenRules.GroupStopsContinued) == 0) Ptrace.Listen(tid); // CONT would wake a process that job control has stopped
        else Ptrace.Cont(tid, 0);
    }

    void LookAtStopped(Tid tid, GuardPhase phase)
    {
        int index = threads.Find(tid);
        if (index < 0) return;
        threads[index].Asked = false; // a stop takes a pending interruption with it (ptrace_stop, JOBCTL_TRAP_STOP)
        if (phase is GuardPhase.Answer or GuardPhase.Close || threads[index].Observed) return;
        // I8: an int3 already taken: pc is the byte behind the site, which may be an instruction of its own. The signal
        // stop that follows is looked at instead; to interrupt the thread again would put it off for ever.
        if (threads[index].Asked = PendingSignals.HasQueuedBreakpoint(tid)) return;
        if (Ptrace.GetRegs(tid, out user_regs_struct registers).Ok) See(index, ref registers, phase);
    }

    void See(int index, ref user_regs_struct registers, GuardPhase phase)
    {
        ref GuardedThread thread = ref threads[index];
        if (thread.Observed) return;
        thread.Observed = observer.SeenStopped(thread.Tid, ref registers, phase, ref Counts, out bool moved);
        if (moved) Ptrace.SetRegs(thread.Tid, registers);
        if (!thread.Observed) Rest(ref thread);
    }

    /// <summary>It has to get on, and may wait for a CPU: an interruption before would stop it at the same instruction, again and again.</summary>
    static void Rest(ref GuardedThread thread)
    {
        thread.RestsUntil = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 1000 << Math.Min(thread.Rests, MaxRestShift));
        thread.Rests++;
    }

    /// <summary>A system call that only we made fail is made again.</summary>
    void RepeatCall(ref GuardedThread thread, ref user_regs_struct registers)
    {
        if (Repeats && thread.Repeated.TryMake(thread.Tid, ref registers, 0)) Counts.Restarted++;
    }

    bool Repeats => (window.Broken & BrokenRules.CallsNotRepeated) == 0;

    /// <summary>A thread has made another thread or a process.</summary>
    void ServeMaking(Tid parent, int stopEvent, GuardPhase phase)
    {
        LookAtStopped(parent, phase);
        _newThreads.Announce(parent, stopEvent);
        Ptrace.Cont(parent, 0);
    }

    void ServeExec(Tid tid)
    {
        int index = threads.Find(tid);
        if (tid.Value == window.Target.Pid.Value) _targetGone = true;
        if (index >= 0) threads[index].Gone = true;
        Ptrace.Detach(tid, 0); // another program now: nothing of ours is in it
    }
}
