using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Looks after a window without ptrace: the trap handler in the target answers every breakpoint, and nobody is stopped or interrupted. Threads are
/// seen asleep in a system call, or where they are in user code, by a sample of a timer's interrupt.
/// </summary>
/// <remarks>
/// A sample is as good as a stop: what a thread was to take, it has taken before it is back in user code, and its pc, its stack pointer and its stack are
/// of one moment. It can't be moved, so that one that stays inside a region leaves the region out. A thread that blocks SIGTRAP at a breakpoint would end
/// the program, with nobody there to help: where a thread blocks it, or a handler does, the window is refused; what the program blocks later is its
/// own risk (docs/limits.md).
/// </remarks>
sealed class Onlooker(WindowContext window, ICoreSync sync) : IWindowGuard
{
    static readonly TimeSpan s_look = TimeSpan.FromMicroseconds(50);

    readonly ThreadObserver _observer = new(window);
    readonly Dictionary<Tid, PcSampler?> _samplers = []; // null where it can't be had
    readonly StackSnapshot _snapshot = new(window.Scan);

    /// <inheritdoc/>
    public bool TargetGone => window.Target.HasExited || window.Target.MemoryIsGone;

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
        string refused = $"process {window.Target.Pid} ({window.Target.Name}) can't be changed without a ptracer";
        foreach (Tid tid in Threads())
            if (window.Target.ReadStatus(tid) is { IsDead: false } status && (status.BlockedSignals & Signals.Bit(Signals.SIGTRAP)) != 0)
                throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"{refused}: thread {tid} blocks SIGTRAP, and a breakpoint would end it");
        if (sync.FindHandlerThatBlocks(Signals.SIGTRAP) is int signal)
            throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"{refused}: its handler for signal {signal} blocks SIGTRAP, and a breakpoint in it would end the program");
    }

    /// <inheritdoc/>
    public bool Run(GuardPhase phase, TimeSpan deadline)
    {
        if (phase is not (GuardPhase.Clear or GuardPhase.Drain)) return true;
        Deadline end = Deadline.In(deadline);
        HashSet<Tid> left = [.. Threads()], asked = [];
        while (true)
        {
            left.RemoveWhere(tid => IsSeen(tid, phase, asked));
            if (left.Count == 0 || TargetGone) return true;
            if (end.IsPast) return false;
            Clock.Sleep(s_look);
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        foreach (PcSampler? sampler in _samplers.Values) sampler?.Dispose();
        _samplers.Clear();
    }

    IEnumerable<Tid> Threads() => window.Target.ReadThreads().Where(tid => tid != window.HelperThread && tid != window.HeldThread);

    bool IsSeen(Tid tid, GuardPhase phase, HashSet<Tid> asked)
    {
        ThreadLook look = ThreadLook.At(window.Target.Pid, tid);
        if (look.Activity == ThreadActivity.Gone) return true;
        if (look.MakesProcess) return false; // a vfork child runs in our pages, unseen; and a clone is soon over
        if (look.Activity != ThreadActivity.Running) return _observer.SeenAsleep(window.Target.Pid, tid, phase, vforkChildIsGuarded: false);
        if (Sampler(tid) is not { } sampler) return false;
        if (asked.Add(tid)) sampler.Ask(); // what it gives from here on is behind the last sync
        else if (sampler.TryTake(out PcSample sample))
        {
            if (_observer.SeenRunning(sample.Pc, phase) && SeesStack(phase, sample)) return true;
            sampler.Ask();
        }
        return false;
    }

    /// <summary>Looks for saved contexts and for words that lead into arenas. False when not all of the stack was in the sample.</summary>
    bool SeesStack(GuardPhase phase, PcSample sample)
    {
        if (phase == GuardPhase.Clear)
            return !window.HandlesSignals || window.Broken.HasFlag(BrokenRules.NoStackScan) || _snapshot.Scan(sample.StackPointer, sample.Stack, window.Regions);
        if (window.Vacating is not { } arenas) return true;
        arenas.Found(sample.Pc);
        if (!_snapshot.Scan(sample.StackPointer, sample.Stack, arenas)) arenas.Unseen();
        return true;
    }

    PcSampler? Sampler(Tid tid)
    {
        if (!_samplers.TryGetValue(tid, out PcSampler? sampler)) _samplers[tid] = sampler = PcSampler.Open(tid).Value;
        return sampler;
    }
}
