using Calltap.Target;

namespace Calltap.Patching;

/// <summary>The guard's threads, by tid. Allocates only when their number outgrows the table.</summary>
sealed class GuardedThreads
{
    readonly Dictionary<int, int> _index = new(4096);
    GuardedThread[] _threads = new GuardedThread[4096];

    public int Count { get; private set; }

    public ref GuardedThread this[int index] => ref _threads[index];

    /// <summary>The index of a live thread; -1 also where a dead one had this tid.</summary>
    public int Find(Tid tid) => _index.TryGetValue(tid.Value, out int index) && !_threads[index].Gone ? index : -1;

    public ref GuardedThread Add(Tid tid)
    {
        if (_index.TryGetValue(tid.Value, out int known))
        {
            _threads[known] = new GuardedThread { Tid = tid };
            return ref _threads[known];
        }
        if (Count == _threads.Length) Array.Resize(ref _threads, Count * 2);
        _index[tid.Value] = Count;
        _threads[Count] = new GuardedThread { Tid = tid };
        return ref _threads[Count++];
    }

    /// <summary>
    /// Whether this child of a thread that is only now seen to have made it has stopped itself already; it may even
    /// have ended since.
    /// </summary>
    public bool TakeAnnouncement(Tid child)
    {
        if (!_index.TryGetValue(child.Value, out int known) || !_threads[known].Unannounced) return Find(child) >= 0;
        _threads[known].Unannounced = false;
        return true;
    }

    /// <summary>Marks those that have ended and were reaped by another thread of ours, so that no end of theirs will be reported.</summary>
    public void MarkGone()
    {
        for (int i = 0; i < Count; i++)
            if (_threads[i] is { Expected: false, ForkChild: false, Gone: false } thread && !ThreadLook.Exists(thread.Process, thread.Tid)) _threads[i].Gone = true;
    }

    public void StartPhase()
    {
        for (int i = 0; i < Count; i++)
            (_threads[i].Known, _threads[i].Observed, _threads[i].Asked) = (true, false, false);
    }

    /// <summary>Some thread of the process that still has its memory: a leader that has exited has none.</summary>
    public Tid AnyOf(Pid process)
    {
        for (int i = 0; i < Count; i++)
            if (!_threads[i].Gone && !_threads[i].ForkChild && !_threads[i].Expected && _threads[i].Process == process) return _threads[i].Tid;
        return new Tid(process.Value);
    }

    /// <summary>Whether a thread of the process blocked SIGTRAP when it was seized.</summary>
    public bool AnyBlocksTrap(Pid process)
    {
        for (int i = 0; i < Count; i++)
            if (_threads[i].BlocksTrap && !_threads[i].Gone && _threads[i].Process == process) return true;
        return false;
    }

    /// <summary>
    /// Whether the phase has seen all that it must. At the drain a fork's child that has not stopped yet is waited for,
    /// however new: its copy of the text may have been made among breakpoints.
    /// </summary>
    public bool AllObserved(GuardPhase phase)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_threads[i] is { Known: true, Observed: false, Gone: false, ForkChild: false }) return false;
            if (phase == GuardPhase.Drain && _threads[i] is { Expected: true, IsFork: true, Gone: false }) return false;
        }
        return true;
    }
}
