using System.Collections.Concurrent;
using System.Diagnostics;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Following;

/// <summary>
/// Is the ptracer of a tree of processes as long as nothing in them is changed: what one of them forks is held before its first instruction, what one executes
/// at its entry. Everything else goes on at once: new threads, signals, stops of job control.
/// </summary>
/// <remarks>
/// <para>
/// The ptrace thread looks for stops as long as it has nothing else to do; <see cref="TryTake"/> gives what has happened to whoever attends to it, and then
/// lets go on what is held.
/// </para>
/// <para>
/// A thread has one tracer. Where the processes' text is changed, that is the guard: the tree steps aside (<see cref="StepAside"/>). Reports are looked at, not taken (WNOWAIT), so that a signal is not lost with it, nor when this process is killed.
/// </para>
/// </remarks>
sealed class ProcessTree : IDisposable
{
    const int Options = Ptrace.PTRACE_O_TRACECLONE | Ptrace.PTRACE_O_TRACEFORK | Ptrace.PTRACE_O_TRACEVFORK | Ptrace.PTRACE_O_TRACEEXEC | Ptrace.PTRACE_O_TRACESYSGOOD;
    const int StopsPerTurn = 64; // then others may use the ptrace thread
    const int MostListings = 50;

    // Between two looks. Where one process was made, more is to come: its program, its threads, its end. A program that is on its way to its entry
    // stops twice for each system call of the dynamic linker: that is not slept over, where there is another CPU for it.
    static readonly TimeSpan s_eager = Environment.ProcessorCount > 1 ? TimeSpan.FromMicroseconds(50) : TimeSpan.Zero;
    static readonly TimeSpan s_busy = TimeSpan.FromMicroseconds(30), s_quiet = TimeSpan.FromMicroseconds(500), s_busyFor = TimeSpan.FromMilliseconds(5);

    static readonly TimeSpan s_watched = TimeSpan.FromSeconds(1); // behind a signal that is ignored

    static readonly TimeSpan s_letGo = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_gate = TimeSpan.FromSeconds(5); // one system call of a stopped thread

    readonly Dictionary<Tid, TreeThread> _threads = []; // on the ptrace thread, or while there is none
    readonly Dictionary<Tid, Tid> _expected = []; // what was announced as forked and has not reported itself, and who waits for that
    readonly HashSet<Tid> _early = []; // what has reported itself and was not announced
    readonly ConcurrentQueue<TreeEvent> _events = new();
    readonly ManualResetEventSlim _happened = new();
    readonly TargetLauncher? _launcher;
    PtraceThread? _ptrace;
    volatile int _count; // of threads, for others
    long _lastStop;

    /// <summary>Follows a command that was started and is held.</summary>
    public ProcessTree(TargetLauncher launcher)
    {
        _launcher = launcher;
        _ptrace = launcher.HandOver();
        _threads.Add(new Tid(launcher.Pid.Value), new TreeThread(new Tid(launcher.Pid.Value), launcher.Pid) { IsHeld = true });
        _count = 1;
        Tell(new TreeEvent(TreeEventKind.Executed, launcher.Pid));
        _ptrace.Run(BeginLooking);
    }

    /// <summary>Follows nothing yet: see <see cref="StepBack"/>.</summary>
    public ProcessTree()
    {
    }

    /// <summary>Why it sees nothing any more; null when all is well.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Whether nothing is left to be told.</summary>
    public bool IsQuiet => _events.IsEmpty;

    /// <summary>Whether there is nobody to follow, and nothing left to be told: a child on its way to exec (vfork) is nobody's process yet.</summary>
    public bool IsEmpty => _count == 0 && IsQuiet;

    /// <summary>Whether calls that our tracing made fail are made again: for tests.</summary>
    public bool RepeatsCalls { get; init; } = true;

    /// <summary>Takes the next event; false when there is none now.</summary>
    public bool TryTake(out TreeEvent happened)
    {
        if (_events.TryDequeue(out happened)) return true;
        _happened.Reset();
        return _events.TryDequeue(out happened);
    }

    /// <summary>Waits for an event, at most so long.</summary>
    public void Wait(TimeSpan patience) => _happened.Wait(patience);

    /// <summary>Who holds a process that is held: to be asked once for each time that it is.</summary>
    public TargetHold HoldOf(Pid process) => new TreeHold(this, process);

    void Release(Pid process) => _ptrace?.Post(() =>
    {
        var tid = new Tid(process.Value);
        if (!_threads.TryGetValue(tid, out TreeThread? thread) || !thread.IsHeld) return;
        thread.IsHeld = false;
        Ptrace.SetOptions(tid, Options);
        Ptrace.Cont(tid, 0);
    });

    /// <summary>
    /// Lets go of every thread. What is held runs on; events that were not taken, and what happens until <see cref="StepBack"/>, are not seen:
    /// whoever follows has to look for himself.
    /// </summary>
    public void StepAside()
    {
        if (_ptrace is null) return;
        _ptrace.Run(LetGo);
        _ptrace.Dispose();
        _ptrace = null;
        foreach (TreeThread thread in _threads.Values) thread.Gate?.Dispose();
        _threads.Clear();
        _count = 0;
        _expected.Clear();
        _early.Clear();
        _events.Clear(); // what they tell of runs
    }

    /// <summary>Follows these processes from now on.</summary>
    /// <exception cref="AttachException">One of them can't be traced.</exception>
    public void StepBack(IEnumerable<Pid> processes)
    {
        _ptrace ??= new PtraceThread("calltap tree");
        _ptrace.Run(() =>
        {
            foreach (Pid process in processes) Seize(process);
            _count = _threads.Count;
            return BeginLooking();
        });
    }

    /// <summary>Steps aside for good.</summary>
    public void Dispose()
    {
        StepAside();
        _happened.Dispose();
    }

    PtraceThread Ptracer => _ptrace ?? throw new AttachException(AttachRefusal.Unsupported, "the process is not held any more");

    // ---- on the ptrace thread ----

    bool BeginLooking()
    {
        _ptrace!.Idle = Look;
        return true;
    }

    /// <summary>A fault ends the looking: whoever follows steps aside then, and ends in good order.</summary>
    TimeSpan Look()
    {
        try
        {
            bool more = Serve();
            _count = _threads.Count;
            if (more) return TimeSpan.Zero;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Fault = e;
            _ptrace!.Idle = null;
        }
        TimeSpan quiet = Stopwatch.GetElapsedTime(_lastStop);
        if (quiet < s_eager && _threads.Values.Any(thread => thread.Gate is not null)) return TimeSpan.Zero;
        return quiet < s_busyFor || _threads.Values.Any(thread => thread.IsHeld) ? s_busy : s_quiet; // for what is held there is work to come
    }

    /// <summary>
    /// Detaches every thread in a stop of its own, where calls that tracing made fail are made again: a signal that the program ignores, and that was queued only because we
    /// trace, would end some thread's call if the tracer were just gone. What does not come to a stop in time is left to the end of the ptrace thread.
    /// </summary>
    bool LetGo()
    {
        _ptrace!.Idle = null;
        foreach (TreeThread thread in _threads.Values.ToList())
        {
            if (thread.IsHeld || _expected.ContainsValue(thread.Tid)) Detach(thread.Tid, 0);
            else if (!Ptrace.Interrupt(thread.Tid).Ok) _threads.Remove(thread.Tid); // dead: a leader whose threads live on
        }
        Deadline deadline = Deadline.In(s_letGo);
        while (_threads.Count > 0 && !deadline.IsPast)
        {
            if (!Native.Wait.Any(Native.Wait.WSTOPPED | Native.Wait.WEXITED | Native.Wait.WNOHANG | Native.Wait.WNOWAIT, out siginfo_t report).Ok) break;
            if (report.si_pid == 0) Clock.Sleep(s_busy);
            else LetGo(new Tid(report.si_pid), TraceeStop.From(report));
        }
        return true;
    }

    void LetGo(Tid tid, TraceeStop stop)
    {
        if (stop.Kind == StopKind.Ended)
        {
            Reap(tid);
            return;
        }
        if (_threads.TryGetValue(tid, out TreeThread? thread)) Settle(thread, stop);
        Detach(tid, stop.Kind == StopKind.Signal ? stop.Signal : 0);
    }

    void Detach(Tid tid, int signal)
    {
        Ptrace.Detach(tid, signal);
        if (_threads.Remove(tid, out TreeThread? thread)) thread.Gate?.Dispose();
    }

    /// <summary>All threads, until a listing brings no new one: those that are made meanwhile by one that is seized are seized by the kernel.</summary>
    void Seize(Pid process)
    {
        bool any = true;
        for (int i = 0; i < MostListings && any; i++)
        {
            any = false;
            foreach (Tid tid in ProcFiles.Threads(process))
            {
                if (_threads.ContainsKey(tid)) continue;
                if (!_ptrace!.Seizing.Seize(process, tid, Options).Ok) continue; // ending, or the kernel has attached it: then it reports itself
                _threads.Add(tid, new TreeThread(tid, process));
                any = true;
            }
        }
    }

    /// <summary>Some stops; whether there may be more.</summary>
    bool Serve()
    {
        for (int i = 0; i < StopsPerTurn; i++)
        {
            if (!Native.Wait.Any(Native.Wait.WSTOPPED | Native.Wait.WEXITED | Native.Wait.WNOHANG | Native.Wait.WNOWAIT, out siginfo_t report).Ok || report.si_pid == 0) return false;
            _lastStop = Stopwatch.GetTimestamp();
            var tid = new Tid(report.si_pid);
            TraceeStop stop = TraceeStop.From(report);
            if (stop.Kind == StopKind.Ended) Reap(tid);
            else Serve(tid, stop);
        }
        return true;
    }

    void Tell(TreeEvent happened)
    {
        _events.Enqueue(happened);
        _happened.Set();
    }

    void Reap(Tid tid)
    {
        Native.Wait.One(tid, Native.Wait.WEXITED | Native.Wait.WNOHANG, out siginfo_t report);
        if (tid.Value == _launcher?.Pid.Value) _launcher.NoteExit(report); // our own child: nobody else is told
        if (_expected.Remove(tid, out Tid maker)) ResumeMaker(maker);
        if (!_threads.Remove(tid, out TreeThread? thread))
        {
            _early.Add(tid); // killed before it could report itself
            return;
        }
        thread.Gate?.Dispose();
        if (tid.Value == thread.Process.Value) Tell(new TreeEvent(TreeEventKind.Ended, thread.Process));
    }

    void Serve(Tid tid, TraceeStop stop)
    {
        if (!_threads.TryGetValue(tid, out TreeThread? thread)) _threads.Add(tid, thread = Newborn(tid));
        switch (stop.Kind)
        {
            case StopKind.Event when stop.Event == Ptrace.PTRACE_EVENT_EXEC:
                ServeExec(tid);
                break;
            case StopKind.Event when stop.Event is Ptrace.PTRACE_EVENT_FORK or Ptrace.PTRACE_EVENT_VFORK or Ptrace.PTRACE_EVENT_CLONE:
                ServeMaking(thread, stop.Event);
                break;
            case StopKind.Interrupted when thread.IsUnborn:
                ServeBirth(thread);
                break;
            case StopKind.Syscall when thread.Gate is { } gate:
                if (gate.Answer() is { } answer) AtGate(thread, gate, answer);
                if (!thread.IsHeld) Resume(thread, 0);
                break;
            case StopKind.GroupStop:
                Ptrace.Listen(tid);
                break;
            default:
                Settle(thread, stop);
                Resume(thread, stop.Signal);
                break;
        }
    }

    static TreeThread Newborn(Tid tid) => new(tid, StatusOf(tid)?.ThreadGroup ?? new Pid(tid.Value)) { IsUnborn = true };

    static ProcStatus? StatusOf(Tid tid) => ProcStatus.TryRead(ProcFiles.Process(new Pid(tid.Value), "status"));

    /// <summary>
    /// What our tracing made fail is made again: by a signal that the program ignores, or by the stop that a SIGCONT makes of every tracee. Such a signal may wake one thread, and
    /// be taken by another that comes first (one that forks does); the first has no stop then, but for those of its calls, which are looked at as long as such signals come.
    /// </summary>
    void Settle(TreeThread thread, TraceeStop stop)
    {
        if (!RepeatsCalls || stop.Kind is not (StopKind.Signal or StopKind.Interrupted or StopKind.Syscall) || !Ptrace.GetRegs(thread.Tid, out user_regs_struct registers).Ok) return;
        if (stop.Kind != StopKind.Signal) thread.Repeated.TryMake(thread.Tid, ref registers, 0);
        else if (thread.Repeated.Settle(thread.Tid, ref registers, stop.Signal) && _threads.Values.Any(other => other != thread && other.Process == thread.Process))
            thread.WatchedSince = Stopwatch.GetTimestamp();
    }

    static void Resume(TreeThread thread, int signal)
    {
        bool isWatched = thread.WatchedSince != 0 && Stopwatch.GetElapsedTime(thread.WatchedSince) < s_watched;
        if (thread.Gate is null && !isWatched) Ptrace.Cont(thread.Tid, signal);
        else Ptrace.Syscall(thread.Tid, signal);
    }

    void ServeBirth(TreeThread thread)
    {
        thread.IsUnborn = false;
        bool isProcess = thread.Tid.Value == thread.Process.Value, isAnnounced = _expected.Remove(thread.Tid, out Tid maker);
        if (!isAnnounced) _early.Add(thread.Tid);
        Pid parent = isAnnounced && _threads.TryGetValue(maker, out TreeThread? made) ? made.Process : isProcess && StatusOf(thread.Tid) is { } status ? status.Parent : default;
        thread.Maker = parent;
        if (isProcess && HasCopyOf(parent, thread)) Hold(thread, new TreeEvent(TreeEventKind.Forked, thread.Process, parent));
        else Resume(thread, 0);
        if (isAnnounced) ResumeMaker(maker);
    }

    /// <summary>Who forks waits until the child has reported itself: what it does next, be it exec or exit, is told after that.</summary>
    void ServeMaking(TreeThread thread, int stopEvent)
    {
        bool told = Ptrace.GetEventMsg(thread.Tid, out ulong made).Ok;
        var child = new Tid((int)made);
        bool isReported = _early.Remove(child) || _threads.ContainsKey(child);
        if (!told || isReported || stopEvent != Ptrace.PTRACE_EVENT_FORK || StatusOf(child) is null)
        {
            Resume(thread, 0);
            return;
        }
        Native.Wait.One(thread.Tid, Native.Wait.WSTOPPED | Native.Wait.WNOHANG, out _);
        _expected[child] = thread.Tid;
    }

    void ResumeMaker(Tid maker)
    {
        if (_threads.TryGetValue(maker, out TreeThread? thread)) Resume(thread, 0);
    }

    /// <summary>Whether it has a copy of its parent's memory. One that shares it, until it executes something, makes its calls as its maker does.</summary>
    bool HasCopyOf(Pid parent, TreeThread child)
    {
        foreach (TreeThread thread in _threads.Values)
            if (thread.Process == parent && StatusOf(thread.Tid) is { IsDead: false } && SystemCall.SharesMemory(thread.Tid, child.Tid) is { Ok: true, Value: var shares }) return !shares;
        return false; // it can't be told
    }

    void Hold(TreeThread thread, TreeEvent happened)
    {
        thread.IsHeld = true;
        Native.Wait.One(thread.Tid, Native.Wait.WSTOPPED | Native.Wait.WNOHANG, out _); // taken, so that it is reported once
        Tell(happened);
    }

    /// <summary>The kernel gives the thread that executes the process's id, and has ended all others.</summary>
    void ServeExec(Tid tid)
    {
        var process = new Pid(tid.Value);
        Pid maker = _threads.TryGetValue(tid, out TreeThread? before) ? before.Maker : default;
        foreach (TreeThread gone in _threads.Values.Where(t => t.Process == process).ToList())
        {
            gone.Gate?.Dispose();
            _threads.Remove(gone.Tid);
        }
        var thread = new TreeThread(tid, process) { Maker = maker };
        _threads.Add(tid, thread);
        Native.Wait.One(tid, Native.Wait.WSTOPPED | Native.Wait.WNOHANG, out _);
        try
        {
            EntryGate gate = EntryGate.Place(_ptrace!, process, Deadline.In(s_gate));
            if (gate.IsHeld) Arrived(thread, gate);
            else thread.Gate = gate;
        }
        catch (Exception e) when (e is AttachException or SystemCallException or PatchMismatchException)
        {
            Missed(thread, e.Message);
        }
        if (!thread.IsHeld) Resume(thread, 0);
    }

    /// <summary>Whatever comes of it, the thread stands in a stop and is held, or is to be resumed, on no way to a gate any more.</summary>
    void AtGate(TreeThread thread, EntryGate gate, Action answer)
    {
        string? reason = null;
        Native.Wait.One(thread.Tid, Native.Wait.WSTOPPED | Native.Wait.WNOHANG, out _); // taken, so that it is reported once
        try
        {
            answer();
        }
        catch (Exception e) when (e is AttachException or SystemCallException or PatchMismatchException)
        {
            reason = e.Message;
        }
        if (reason is null) Arrived(thread, gate);
        else Missed(thread, reason);
    }

    void Arrived(TreeThread thread, EntryGate gate)
    {
        gate.Dispose();
        (thread.Gate, thread.IsHeld) = (null, true);
        Tell(new TreeEvent(TreeEventKind.Executed, thread.Process, thread.Maker));
    }

    void Missed(TreeThread thread, string reason)
    {
        thread.Gate?.Dispose();
        thread.Gate = null;
        Tell(new TreeEvent(TreeEventKind.ExecutedUnheld, thread.Process, thread.Maker, reason));
    }

    /// <summary>A process that the tree holds. It is released once: by then it may be held again, at the beginning of its next program.</summary>
    sealed class TreeHold(ProcessTree tree, Pid process) : TargetHold
    {
        bool _released;

        internal override PtraceThread Thread => tree.Ptracer;

        internal override Tid HeldThread => new(process.Value);

        public override void Release()
        {
            if (!_released) tree.Release(process);
            _released = true;
        }
    }
}
