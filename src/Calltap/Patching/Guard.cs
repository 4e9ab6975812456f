using System.Diagnostics;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// The guard: one OS thread that is the target's ptracer for the length of a window. It answers traps, sees threads
/// out of regions, and never writes text, so that no trap waits for a pass. It leaves by exiting, the only detach that
/// stops nobody (ptrace(2): PTRACE_DETACH needs a stop).
/// </summary>
/// <remarks>
/// <code>
/// Start -> [SeizeAll] -> Answer -> Enter -> Clear -> Drain -> Close -> (thread exit)
/// </code>
/// The phases are asked for by the thread that runs the batch (<see cref="Run"/>) and acknowledged by the guard; both
/// sides meet in two volatile words. While a thread of the target waits, the guard allocates nothing and takes no lock.
/// ptrace requests come from the guard's thread alone: from any other they fail with ESRCH.
/// </remarks>
sealed class Guard
{
    const int SeizeOptions = Ptrace.PTRACE_O_TRACECLONE | Ptrace.PTRACE_O_TRACEFORK | Ptrace.PTRACE_O_TRACEVFORK | Ptrace.PTRACE_O_TRACEEXEC;

    const int StopsPerRound = 16;
    const int SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22;

    /// <summary>More forks than this in one window are held back by making the window fail, not by losing one.</summary>
    const int MaxForkChildren = 4096;

    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_idle = TimeSpan.FromMicroseconds(15);

    readonly WindowContext _window;
    readonly GuardedThreads _threads = new();
    readonly TrapAnswers _traps;
    readonly ThreadObserver _observer;
    readonly Thread _thread;
    readonly Pid[] _forkChildren = new Pid[MaxForkChildren]; // filled by the guard, read by the batch's thread

    volatile int _wanted; // the phase asked for; written by Run and Close, read by the guard
    volatile int _done;   // the phase that is complete; written by the guard, read by Await
    int _phase = (int)GuardPhase.Answer;
    volatile int _forkCount; // published after the element; pairs with ForkChildren
    volatile bool _targetGone;
    volatile Exception? _failure; // of the seizing; later ones are not let out while breakpoints may stand
    bool _started;
    bool _sharers;
    Tid _self;
    long _phaseStart;

    public Guard(WindowContext window)
    {
        _window = window;
        _traps = new TrapAnswers(window);
        _observer = new ThreadObserver(window);
        _thread = new Thread(Main) { IsBackground = true, Name = "calltap guard" };
        _done = -1;
    }

    /// <summary>Whether the target ended or was replaced by exec while the window was open.</summary>
    public bool TargetGone => _targetGone;

    /// <summary>What was done; complete after <see cref="Close"/>.</summary>
    public TrapCounts Counts => _traps.Counts;

    /// <summary>Seizes every thread of the target and every process that shares its memory.</summary>
    /// <exception cref="AttachException">The target can't be seized.</exception>
    public void Open(TimeSpan deadline)
    {
        _started = true;
        _thread.Start();
        if (!Await(GuardPhase.Answer, deadline)) throw new TimeoutException("the target's threads could not be seized in time");
    }

    /// <summary>Goes through a phase. False when the deadline passed; then the phase is still going on.</summary>
    public bool Run(GuardPhase phase, TimeSpan deadline)
    {
        _wanted = (int)phase;
        return Await(phase, deadline);
    }

    /// <summary>Lets every thread go.</summary>
    public void Close()
    {
        if (!_started) return;
        _wanted = (int)GuardPhase.Close;
        _thread.Join();
        // The kernel detaches in the thread's last moments, after the runtime has let go of it.
        while (ThreadLook.Exists(new Pid(Environment.ProcessId), _self)) Clock.Sleep(s_idle);
    }

    /// <summary>
    /// The processes forked in the window: each is stopped, with the window's breakpoints in its own copy of the text,
    /// until <see cref="Close"/>; whoever closes mends it first.
    /// </summary>
    public ReadOnlySpan<Pid> ForkChildren => _forkChildren.AsSpan(0, _forkCount);

    bool Await(GuardPhase phase, TimeSpan deadline)
    {
        long start = Stopwatch.GetTimestamp();
        while (_done != (int)phase)
        {
            if (_failure is { } failure) throw failure;
            if (_targetGone) return true;
            if (Stopwatch.GetElapsedTime(start) > deadline) return false;
            Clock.Sleep(s_idle);
        }
        return true;
    }

    void Main()
    {
        _self = SystemCall.CurrentThread();
        try
        {
            Scheduling.MakeRealTime(_self); // best effort: a trap waits for this thread
            SeizeAll();
        }
        catch (Exception e)
        {
            _failure = e; // no breakpoint stands yet: leaving lets everybody go
            return;
        }
        _done = (int)GuardPhase.Answer;
        while (!Loop()) { }
    }

    /// <summary>
    /// Serves until the window is closed. An exception must not end the guard while a thread may hit a breakpoint: it
    /// is dropped, and whoever waits for a phase sees it not completed.
    /// </summary>
    /// <returns>Whether the window is closed.</returns>
    bool Loop()
    {
        try
        {
            while (_wanted != (int)GuardPhase.Close) Turn();
            while (ServeStops(GuardPhase.Close)) { } // no int3 is left: this ends
            for (int i = 0; i < _threads.Count; i++)
                if (_threads[i].ForkChild && !_threads[i].Gone) Ptrace.Detach(_threads[i].Tid, 0);
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    void Turn()
    {
        bool busy = ServeStops((GuardPhase)_phase);
        if (_wanted != _phase)
        {
            _phase = _wanted;
            _threads.StartPhase();
            _phaseStart = Stopwatch.GetTimestamp();
            if (_phase == (int)GuardPhase.Answer) _done = _phase;
        }
        if (_phase != (int)GuardPhase.Answer && _done != _phase)
        {
            LookAtThreads((GuardPhase)_phase);
            if (_threads.AllObserved()) Complete();
        }
        if (!busy) Clock.Sleep(s_idle);
    }

    void Complete()
    {
        // Whatever was under way when its maker was seized is there now: if a listing shows more, once again.
        if (_phase == (int)GuardPhase.Enter && SeizeListed()) _threads.StartPhase();
        else _done = _phase;
    }

    // ---- seizing ----

    void SeizeAll()
    {
        while (SeizeListed()) { } // a thread that was being created meanwhile shows in the next listing
        if (_threads.Count == 0 && _window.HeldThread == default) throw new AttachException(AttachRefusal.TargetEnded, $"process {_window.Target.Pid} has ended");
    }

    /// <summary>Whether a listing showed a thread that was not seized before; those that report themselves do not count.</summary>
    bool SeizeListed()
    {
        bool any = false;
        foreach (Tid tid in _window.Target.ReadThreads()) any |= Seize(tid, _window.Target.Pid);
        foreach (Tid tid in SharersOfMemory())
        {
            _sharers = true;
            any |= Seize(tid, new Pid(tid.Value));
        }
        return any;
    }

    bool Seize(Tid tid, Pid process)
    {
        if (tid == _window.HelperThread || tid == _window.HeldThread || _threads.Find(tid) >= 0) return false;
        SysResult seized = Ptrace.Seize(tid, SeizeOptions);
        if (seized.Errno == Errno.ESRCH) return false;
        if (!seized.Ok)
        {
            ProcStatus? status = _window.Target.ReadStatus(tid);
            if (status is null or { IsDead: true }) return false; // a leader that has exited gives EPERM
            if (status.TracerPid.Value == _self.Value) // the kernel names the tracing thread
            {
                _threads.Add(tid).Process = process; // seized by TRACECLONE a moment ago
                return false;
            }
            seized.OrThrow($"ptrace(PTRACE_SEIZE, {tid})");
        }
        ref GuardedThread thread = ref _threads.Add(tid);
        thread.Process = process;
        thread.BlocksTrap = _window.Target.ReadStatus(tid) is { } s && (s.BlockedSignals & Signals.Bit(Signals.SIGTRAP)) != 0;
        return true;
    }

    /// <summary>vfork children on their way to exec, and other processes made with CLONE_VM: no threads, the same text.</summary>
    List<Tid> SharersOfMemory()
    {
        var sharers = new List<Tid>();
        Tid own = _threads.AnyOf(_window.Target.Pid);
        foreach (Tid child in ProcFiles.Children(_window.Target.Pid))
            if (SystemCall.SharesMemory(own, child) is { Ok: true, Value: true }) sharers.Add(child);
        return sharers;
    }

    // ---- stops ----

    bool ServeStops(GuardPhase phase)
    {
        bool any = false;
        // Bounded: in a storm of traps there is always one more, and the phase has to go on.
        for (int i = 0; i < StopsPerRound && Wait.Any(Wait.WSTOPPED | Wait.WEXITED | Wait.WNOHANG | Wait.WNOWAIT, out siginfo_t report).Ok && report.si_pid != 0; i++)
        {
            any = true;
            var tid = new Tid(report.si_pid);
            if (report.si_code is Wait.CLD_EXITED or Wait.CLD_KILLED or Wait.CLD_DUMPED) Reap(tid);
            else Serve(tid, report.si_status, phase);
        }
        return any;
    }

    void Reap(Tid tid)
    {
        Wait.One(tid, Wait.WEXITED | Wait.WNOHANG, out _);
        int index = _threads.Find(tid);
        if (index >= 0) _threads[index].Gone = true;
        if (tid.Value == _window.Target.Pid.Value) _targetGone = true;
    }

    /// <summary>One stop; the signal number and, above it, the event (ptrace(2), "Stopped states").</summary>
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
                Expect(tid, stopEvent);
                Ptrace.Cont(tid, 0);
                break;
        }
    }

    /// <summary>
    /// A thread has made another thread or a process, which will report itself: the window waits for it, or it would
    /// run on among breakpoints with nobody to answer.
    /// </summary>
    void Expect(Tid parent, int stopEvent)
    {
        int index = _threads.Find(parent);
        if (index >= 0 && stopEvent == Ptrace.PTRACE_EVENT_VFORK) _threads[index].InVfork = true;
        if (!Ptrace.GetEventMsg(parent, out ulong made).Ok || _threads.Find(new Tid((int)made)) >= 0) return;
        ref GuardedThread child = ref _threads.Add(new Tid((int)made));
        child.Expected = true;
        child.IsFork = stopEvent == Ptrace.PTRACE_EVENT_FORK;
    }

    void ServeTrap(Tid tid, GuardPhase phase)
    {
        TrapOutcome outcome = _traps.Answer(tid, out user_regs_struct registers);
        if (outcome == TrapOutcome.Answered)
        {
            int index = _threads.Find(tid);
            if (index >= 0)
            {
                if (_threads[index].BlocksTrap) BlockTrapAgain(tid);
                // The trap is taken and answered: a stop like any other to look at.
                if (!_threads[index].Observed)
                    _threads[index].Observed = _observer.SeenStopped(tid, ref registers, phase, ref _traps.Counts, out _);
            }
        }
        int known = _threads.Find(tid);
        if (known >= 0 && _threads[known].StopsAgain)
        {
            _threads[known].StopsAgain = false;
            Ptrace.Interrupt(tid); // the group stop is reported again before the thread is back in user code
        }
        Ptrace.Cont(tid, outcome == TrapOutcome.Foreign ? Signals.SIGTRAP : 0);
    }

    /// <summary>Another signal on its way: its handler's frame must not hold a pc inside a region.</summary>
    void ServeSignal(Tid tid, int signal, GuardPhase phase)
    {
        int index = _threads.Find(tid);
        if (phase == GuardPhase.Clear && index >= 0) LookAtStopped(tid, index, phase);
        Ptrace.Cont(tid, signal);
    }

    /// <summary>The kernel unblocks SIGTRAP to deliver a breakpoint's (force_sig_info_to_task).</summary>
    static void BlockTrapAgain(Tid tid)
    {
        if (Ptrace.GetSigMask(tid, out ulong mask).Ok) Ptrace.SetSigMask(tid, mask | Signals.Bit(Signals.SIGTRAP));
    }

    void ServeEventStop(Tid tid, int signal, GuardPhase phase)
    {
        int index = _threads.Find(tid);
        if (index < 0 || _threads[index].Expected)
        {
            bool fork = index >= 0 && _threads[index].IsFork;
            bool own = ThreadLook.Exists(_window.Target.Pid, tid);
            if (!own && IsForkChild(tid, fork))
            {
                HoldForkChild(tid);
                return;
            }
            _threads.Add(tid).Process = own ? _window.Target.Pid : new Pid(tid.Value);
            index = _threads.Find(tid);
        }
        if (_threads[index].ForkChild) return;
        LookAtStopped(tid, index, phase);
        _threads[index].Interrupted = false;
        bool groupStop = signal is Signals.SIGSTOP or SIGTSTP or SIGTTIN or SIGTTOU;
        if (groupStop && PendingSignals.HasQueuedBreakpoint(tid))
        {
            // Its breakpoint is answered first, without a user instruction in between; then it stops again.
            _threads[index].StopsAgain = true;
            Ptrace.Cont(tid, 0);
        }
        else if (groupStop) Ptrace.Listen(tid); // CONT would wake a process that job control has stopped
        else Ptrace.Cont(tid, 0);
    }

    void LookAtStopped(Tid tid, int index, GuardPhase phase)
    {
        // I8: an int3 already taken: pc is the byte behind the site, which may be an instruction of its own. The signal
        // stop that follows is looked at instead.
        if (PendingSignals.HasQueuedBreakpoint(tid)) return;
        if (!Ptrace.GetRegs(tid, out user_regs_struct registers).Ok) return;
        bool changed = false;
        if (phase is GuardPhase.Enter or GuardPhase.Clear or GuardPhase.Drain && !_threads[index].Observed)
            _threads[index].Observed = _observer.SeenStopped(tid, ref registers, phase, ref _traps.Counts, out changed);
        if (_threads[index].Interrupted && RestartableCalls.TryRepeatAfterEintr(tid, ref registers))
        {
            _traps.Counts.Restarted++;
            changed = true;
        }
        if (changed) Ptrace.SetRegs(tid, registers);
    }

    void ServeExec(Tid tid)
    {
        int index = _threads.Find(tid);
        if (tid.Value == _window.Target.Pid.Value) _targetGone = true;
        if (index >= 0) _threads[index].Gone = true;
        Ptrace.Detach(tid, 0); // another program now: nothing of ours is in it
    }

    /// <summary>Whether a new process has a copy of the memory; where the kernel can't compare, its making tells.</summary>
    bool IsForkChild(Tid tid, bool madeByFork) =>
        SystemCall.SharesMemory(_threads.AnyOf(_window.Target.Pid), tid) is { Ok: true } compared ? !compared.Value : madeByFork;

    void HoldForkChild(Tid tid)
    {
        _threads.Add(tid).ForkChild = true;
        Wait.One(tid, Wait.WSTOPPED | Wait.WNOHANG, out _); // taken, so that it is reported once; it stays stopped
        if (_forkCount == MaxForkChildren) throw new InvalidOperationException($"{MaxForkChildren} forks in one window");
        _forkChildren[_forkCount] = new Pid(tid.Value);
        _forkCount++;
    }

    // ---- looking ----

    void LookAtThreads(GuardPhase phase)
    {
        bool patient = Stopwatch.GetElapsedTime(_phaseStart) < s_patience;
        for (int i = 0; i < _threads.Count; i++)
        {
            ref GuardedThread thread = ref _threads[i];
            if (thread.Observed || thread.Gone || thread.ForkChild || thread.Expected) continue;
            bool maySleepInClone = thread.InVfork || _sharers;
            if (_observer.SeenAsleep(thread.Process, thread.Tid, phase, maySleepInClone)) thread.Observed = true;
            else if (!patient && !thread.Interrupted)
            {
                thread.Interrupted = true;
                _traps.Counts.Interrupted++;
                if (Ptrace.Interrupt(thread.Tid).Errno == Errno.ESRCH) thread.Gone = true;
            }
        }
    }
}
