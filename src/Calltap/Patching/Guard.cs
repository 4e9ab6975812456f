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
/// Start -> [seize] -> Answer -> Enter -> Clear -> Drain -> Close -> (thread exit)
/// </code>
/// The phases are asked for by the thread that runs the batch (<see cref="Run"/>) and acknowledged by the guard; both
/// sides meet in two volatile words. From the first breakpoint on the guard allocates nothing and takes no lock.
/// ptrace requests come from the guard's thread alone: from any other they fail with ESRCH.
/// </remarks>
sealed class Guard : IWindowGuard
{
    // Most threads that run come by a system call or a breakpoint by themselves. But calls are not recorded before they are seen, and while breakpoints
    // stand to wait costs the others more.
    static readonly TimeSpan s_patienceAtFirst = TimeSpan.FromMicroseconds(250), s_patienceAmongBreakpoints = TimeSpan.FromMicroseconds(100);
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_look = TimeSpan.FromMicroseconds(50);
    static readonly TimeSpan s_listing = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan s_helping = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan s_idle = TimeSpan.FromMicroseconds(15);

    const int MostRoundsAtEnd = 100;

    readonly WindowContext _window;
    readonly GuardedThreads _threads = new();
    readonly Seizing _seizing = new();
    readonly ThreadObserver _observer;
    readonly StopServer _stops;
    readonly Thread _thread;

    const int PhaseBits = 4;

    // A request is a phase and, above it, its number: the same phase asked for again is gone through again.
    volatile int _wanted; // the request; written by Run and Close, read by the guard
    volatile int _done;   // the one that is complete; written by the guard, read by Await
    int _current = -1;    // the one that the guard is at
    int _requests;
    volatile Exception? _failure; // of the seizing; later ones are not let out while breakpoints may stand
    bool _started;
    Tid _self;
    ThreadSeizer? _seizer;
    long _phaseStart, _lastListing, _lastLook;

    public Guard(WindowContext window)
    {
        _window = window;
        _observer = new ThreadObserver(window);
        _stops = new StopServer(window, _threads, _observer);
        _thread = new Thread(Main) { IsBackground = true, Name = "calltap guard" };
        _done = -1;
    }

    /// <summary>Whether the target ended or was replaced by exec while the window was open.</summary>
    public bool TargetGone => _stops.TargetGone;

    /// <summary>Told that the kernel was found to have reset the action for SIGTRAP, before it is set again.</summary>
    public void NoteActionReset() => _stops.NoteActionReset();

    /// <summary>What was done; complete after <see cref="Close"/>.</summary>
    public TrapCounts Counts => _stops.Counts;

    /// <summary>Processes to mend before <see cref="Close"/>; complete after <see cref="GuardPhase.Drain"/>.</summary>
    public ForkChildren ForkChildren => _stops.ForkChildren;

    /// <summary>Seizes every thread of the target and every process that shares its memory.</summary>
    /// <exception cref="AttachException">The target can't be seized.</exception>
    public void Open(TimeSpan deadline)
    {
        _started = true;
        Scheduling.StartUrgently(_thread);
        if (!Await(_wanted, deadline)) throw new TimeoutException("the target's threads could not be seized in time");
    }

    /// <summary>Goes through a phase. False when the deadline passed; then the phase is still going on.</summary>
    public bool Run(GuardPhase phase, TimeSpan deadline)
    {
        // One that is under way goes on; one that is complete is gone through again, from its beginning.
        if (PhaseOf(_wanted) != phase || _done == _wanted) _wanted = ++_requests << PhaseBits | (int)phase;
        return Await(_wanted, deadline);
    }

    static GuardPhase PhaseOf(int request) => (GuardPhase)(request & ((1 << PhaseBits) - 1));

    /// <summary>Lets every thread go.</summary>
    public void Close()
    {
        if (!_started) return;
        _wanted = ++_requests << PhaseBits | (int)GuardPhase.Close;
        while (!_thread.Join(s_helping)) _seizing.Relieve();
        // The kernel detaches in the thread's last moments, after the runtime has let go of it.
        while (ThreadLook.Exists(new Pid(Environment.ProcessId), _self)) Clock.Sleep(s_idle);
    }

    bool Await(int request, TimeSpan deadline)
    {
        long start = Stopwatch.GetTimestamp();
        while (_done != request)
        {
            if (_failure is { } failure) throw failure;
            if (TargetGone) return true;
            if (Stopwatch.GetElapsedTime(start) > deadline) return false;
            _seizing.Relieve();
            Clock.Sleep(s_idle);
        }
        return true;
    }

    void Main()
    {
        _self = SystemCall.CurrentThread();
        _seizer = new ThreadSeizer(_window, _threads, _seizing, _self);
        try
        {
            Scheduling.MakeRealTime(_self, Scheduling.AboveUrgent); // best effort: a trap waits for this thread
            Rehearsal.Run(_window);
            while (_seizer.SeizeListed()) { } // a thread that was being created meanwhile shows in the next listing
            if (_threads.Count == 0 && _window.HeldThread == default) throw AttachChecks.Ended(_window.Target.Pid);
        }
        catch (Exception e)
        {
            _failure = e; // no breakpoint stands yet: leaving lets everybody go
            return;
        }
        _done = _current = (int)GuardPhase.Answer;
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
            while (PhaseOf(_wanted) != GuardPhase.Close) Turn();
            _stops.LookAtHeld(GuardPhase.Close);
            while (_stops.Serve(GuardPhase.Close)) { } // no int3 is left: this ends
            _stops.ReleaseHeldBack();
            AwaitIgnoredSignals();
            for (int i = 0; i < _threads.Count; i++)
                if (_threads[i].ForkChild && !_threads[i].Gone) Ptrace.Detach(_threads[i].Tid, 0);
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>
    /// A signal that the program ignores, and that was queued only because we trace, ends some thread's call, which we make again; when we
    /// have left, nobody would.
    /// </summary>
    void AwaitIgnoredSignals()
    {
        for (int i = 0; i < MostRoundsAtEnd && SignalActions.Of(new Tid(_window.Target.Pid.Value)).IgnoresWhatIsPending; i++)
            while (_stops.Serve(GuardPhase.Close)) { }
    }

    void Turn()
    {
        bool busy = _stops.Serve(PhaseOf(_current));
        if (_wanted != _current) Start(_wanted);
        if (_done != _current)
        {
            if (Stopwatch.GetElapsedTime(_lastLook) > s_look) LookAtThreads(PhaseOf(_current));
            if (_threads.AllObserved(PhaseOf(_current))) Complete();
        }
        if (!busy) Clock.Sleep(s_idle);
    }

    void Start(int request)
    {
        _current = request;
        GuardPhase phase = PhaseOf(request);
        _threads.StartPhase();
        _stops.LookAtHeld(phase);
        _phaseStart = _lastListing = Stopwatch.GetTimestamp();
        _lastLook = 0;
        if (phase == GuardPhase.Answer) _done = request;
    }

    void Complete()
    {
        // Whatever was under way when its maker was seized is there now: what a listing shows more is looked at too.
        if (PhaseOf(_current) == GuardPhase.Enter && _seizer!.SeizeListed()) return;
        _done = _current;
    }

    static TimeSpan PatienceIn(GuardPhase phase) => phase switch
    {
        GuardPhase.Enter => s_patienceAtFirst,
        GuardPhase.Clear => s_patienceAmongBreakpoints,
        _ => s_patience,
    };

    void LookAtThreads(GuardPhase phase)
    {
        bool patient = Stopwatch.GetElapsedTime(_phaseStart) < PatienceIn(phase);
        if (phase == GuardPhase.Enter && Stopwatch.GetElapsedTime(_lastListing) > s_listing)
        {
            _seizer!.SeizeListed(); // the child that a thread waits for in vfork
            _lastListing = Stopwatch.GetTimestamp();
        }
        for (int i = 0; i < _threads.Count; i++)
        {
            if (phase == GuardPhase.Clear) _stops.Serve(phase); // a look takes as long as the answer to a trap
            ref GuardedThread thread = ref _threads[i];
            if (thread.Observed || thread.Gone || thread.ForkChild || thread.Expected) continue;
            bool vforkChildIsGuarded = thread.VforkChild != default && _threads.Find(thread.VforkChild) >= 0;
            if (_observer.SeenAsleep(thread.Process, thread.Tid, phase, vforkChildIsGuarded)) thread.Observed = true;
            else if (!patient && !thread.Asked && Stopwatch.GetTimestamp() >= thread.RestsUntil)
            {
                (thread.Asked, thread.Interrupted) = (true, true);
                _stops.Counts.Interrupted++;
                if (Ptrace.Interrupt(thread.Tid).Errno == Errno.ESRCH) thread.Gone = true;
            }
        }
        _lastLook = Stopwatch.GetTimestamp();
    }
}
