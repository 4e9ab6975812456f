using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Looks after a window without ptrace: the trap handler in the target answers every breakpoint, and nobody is stopped or interrupted. Threads are
/// seen asleep in a system call, or where they are in user code, by samples.
/// </summary>
/// <remarks>
/// A sample of user code tells as much of a thread as a stop: what it was to take, it has taken before it is back in user code. It can't be moved, so
/// that one that stays inside a region leaves the region out. Its saved contexts are looked for while it runs, between two samples: if it has taken no
/// signal from before the first to after the second, no frame has come onto its stacks, and each that is there at the second was there, untouched, when
/// the stack was read. A thread that blocks SIGTRAP at a breakpoint would end the program, with nobody there to help: where a thread
/// blocks it, or a handler does, the window is refused; what the program blocks later is its own risk (docs/limits.md).
/// </remarks>
sealed class Onlooker(WindowContext window, WindowTable table, ICoreSync sync) : IWindowGuard
{
    const int SampleLooks = 10;

    static readonly TimeSpan s_look = TimeSpan.FromMicroseconds(50), s_sampleLook = TimeSpan.FromMicroseconds(5);

    readonly ThreadObserver _observer = new(window);
    readonly Dictionary<Tid, RunningThread?> _running = []; // null where it can't be sampled
    bool _listed;
    bool _drainIsOverdue; // what may be in use stays mapped, and the window ends

    /// <inheritdoc/>
    public bool TargetGone => window.Target.IsGone;

    /// <inheritdoc/>
    public TrapCounts Counts => default; // the handler counts

    /// <summary>None are seen: each answers the breakpoints in its copy of the text by itself.</summary>
    public ForkChildren ForkChildren { get; } = new();

    /// <inheritdoc/>
    public void NoteActionReset()
    {
        // Nobody holds a trap back.
    }

    /// <inheritdoc/>
    public void Open(TimeSpan deadline)
    {
        using (RunningThread? any = RunningThread.TryOpen(Threads().FirstOrDefault(), countSignals: false))
            if (any is null && !TargetGone) throw Refuse("its threads can't be sampled (perf_event_open): see kernel.perf_event_paranoid");
        if (TrapBlocking.ByThread(window.Target, Threads()) is { } thread) throw Refuse(thread);
        if (table.ProgramHandlesTraps(sync)) throw Refuse("it handles SIGTRAP itself, with frames that look like ours");
        if (TrapBlocking.ByHandler(sync) is { } handler) throw Refuse(handler);
    }

    AttachException Refuse(string reason) => AttachChecks.Refuse(
        AttachRefusal.Unsupported, $"process {window.Target.Pid} ({window.Target.Name}) can't be changed without a ptracer: {reason}");

    /// <inheritdoc/>
    public bool Run(GuardPhase phase, TimeSpan deadline)
    {
        if (phase is not (GuardPhase.Enter or GuardPhase.Clear or GuardPhase.Drain)) return true;
        Deadline end = Deadline.In(deadline);
        HashSet<Tid> left = Threads();
        StartPhase(left);
        while (true)
        {
            left.RemoveWhere(tid => IsSeen(tid, phase));
            if (TargetGone) return true;
            if (left.Count == 0 && !IsShared(phase))
            {
                if (phase == GuardPhase.Clear && !window.HandlesSignals && CatchesSignalsNow()) window.Regions.Unseen();
                return _listed;
            }
            if (end.IsPast) break;
            Clock.Sleep(s_look);
        }
        _drainIsOverdue |= phase == GuardPhase.Drain;
        return false;
    }

    /// <summary>A handler that was set after the plan may have been called in a region, and its frame was not looked for. SIGTRAP is caught by ours.</summary>
    bool CatchesSignalsNow() => TextPoker.CatchesSignals(window.Target, except: Signals.Bit(Signals.SIGTRAP));

    void StartPhase(HashSet<Tid> listed)
    {
        _listed = listed.Count > 0; // a listing that fails proves nothing
        foreach (Tid gone in _running.Keys.Where(tid => !listed.Contains(tid) || _running[tid] is null).ToList())
        {
            _running.Remove(gone, out RunningThread? thread); // another thread may get its number
            thread?.Dispose();
        }
        foreach (RunningThread? thread in _running.Values) thread!.StartPhase();
    }

    /// <summary>
    /// Whether another process runs in the same memory: a vfork child that was born before the handler stood has the program's actions, and no thread of
    /// the target sees it.
    /// </summary>
    bool IsShared(GuardPhase phase) => phase != GuardPhase.Drain && Threads().Any(thread => window.Target.ReadSharers(thread).Any());

    /// <inheritdoc/>
    public void Close()
    {
        foreach (RunningThread? thread in _running.Values) thread?.Dispose();
        _running.Clear();
    }

    /// <summary>Listed until a listing brings nothing new: one that is made while threads end may leave others out.</summary>
    HashSet<Tid> Threads()
    {
        HashSet<Tid> threads = [];
        int before;
        do
        {
            before = threads.Count;
            threads.UnionWith(window.Target.ReadThreads().Where(tid => tid != window.HelperThread && tid != window.HeldThread && !ThreadLook.IsKernelWorker(window.Target.Pid, tid)));
        }
        while (threads.Count > before);
        return threads;
    }

    bool IsSeen(Tid tid, GuardPhase phase)
    {
        ThreadLook look = ThreadLook.At(window.Target.Pid, tid);
        if (look.Activity == ThreadActivity.Gone) return Signals.Send(window.Target.Pid, tid, 0).Errno == Errno.ESRCH; // not: can't be read
        if (look.MakesProcess) return false; // a vfork child runs in our pages, unseen; and a clone is soon over
        if (look.Activity != ThreadActivity.Running) return _observer.SeenAsleep(window.Target.Pid, tid, phase, vforkChildIsGuarded: false);
        return Running(tid) is { } thread && IsSeenRunning(tid, thread, phase);
    }

    bool IsSeenRunning(Tid tid, RunningThread thread, GuardPhase phase)
    {
        if (thread.Asked is null) thread.Ask(); // what it gives from here on is behind the last sync
        while (TryTake(thread, out PcSample sample))
        {
            if (IsProven(thread, sample, phase)) return true;
            if (_observer.SeenRunning(sample.Pc, phase) && SeesStack(tid, thread, sample, phase)) return true;
            thread.Ask();
        }
        return false; // it waits for a CPU
    }

    /// <summary>
    /// The second sample: what was read of the stack before it still counts. It may be in the trap handler, which goes on where the site leads: in a
    /// tight loop among breakpoints it nearly always is.
    /// </summary>
    bool IsProven(RunningThread thread, PcSample sample, GuardPhase phase)
    {
        if (thread.Scanned is not { } then || then != thread.SignalsTaken) return false;
        if (phase == GuardPhase.Drain) window.Vacating?.Found(sample.Pc);
        return _observer.SeenRunning(sample.Pc, phase, inTrapHandler: phase == GuardPhase.Clear);
    }

    /// <summary>Waits for a sample, since of two of them the second is to come before the next signal.</summary>
    static bool TryTake(RunningThread thread, out PcSample sample)
    {
        for (int i = 0; i < SampleLooks; i++)
        {
            if (thread.TryTake(out sample)) return true;
            Clock.Sleep(s_sampleLook);
        }
        if (thread.TryTake(out sample)) return true;
        thread.Insist();
        return false;
    }

    /// <summary>The first sample: reads the stack, where there may be anything on it. Whether that is all.</summary>
    bool SeesStack(Tid tid, RunningThread thread, PcSample sample, GuardPhase phase)
    {
        if (WordsOf(phase) is not { } words) return true;
        if (phase == GuardPhase.Drain) words.Found(sample.Pc);
        if (!window.HandlesSignals) return true; // then no context was saved
        if (!thread.CountsSignals || _drainIsOverdue)
        {
            if (phase == GuardPhase.Drain) words.Unseen(); // what may be in use stays mapped
            return phase == GuardPhase.Drain;
        }
        window.Scan.Scan(tid, sample.StackPointer, words);
        thread.Scanned = thread.Asked;
        return false;
    }

    /// <summary>What is looked for on stacks; null when nothing is.</summary>
    IStackWords? WordsOf(GuardPhase phase)
    {
        if (phase != GuardPhase.Clear) return phase == GuardPhase.Drain ? window.Vacating : null;
        return window.HandlesSignals && !window.Broken.HasFlag(BrokenRules.NoStackScan) ? window.Regions : null;
    }

    RunningThread? Running(Tid tid)
    {
        if (!_running.TryGetValue(tid, out RunningThread? thread)) _running[tid] = thread = RunningThread.TryOpen(tid, countSignals: window.HandlesSignals);
        return thread;
    }
}
