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

    public void StartPhase()
    {
        for (int i = 0; i < Count; i++)
            (_threads[i].Known, _threads[i].Observed) = (true, false);
    }

    /// <summary>Some thread of the process that still has its memory: a leader that has exited has none.</summary>
    public Tid AnyOf(Pid process)
    {
        for (int i = 0; i < Count; i++)
            if (!_threads[i].Gone && !_threads[i].ForkChild && !_threads[i].Expected && _threads[i].Process == process) return _threads[i].Tid;
        return new Tid(process.Value);
    }

    public bool AllObserved()
    {
        for (int i = 0; i < Count; i++)
            if (_threads[i] is { Known: true, Observed: false, Gone: false, ForkChild: false }) return false;
        return true;
    }
}
