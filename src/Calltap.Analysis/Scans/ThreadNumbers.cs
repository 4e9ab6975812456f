using Calltap.Analysis.Duck;
using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>Numbers the threads of a trace from 0, in the order in which the file has them: the same each time it is read.</summary>
sealed class ThreadNumbers
{
    const int IndexBits = 40;

    readonly Dictionary<Tid, int> _numbers = [];
    readonly List<Tid> _threads = [];

    /// <summary>The threads that have events, or lost some.</summary>
    public ThreadNumbers(TraceReader trace)
    {
        foreach (Tid thread in trace.EventChunks.Select(chunk => chunk.Thread).Concat(trace.Catalog.Lost.Keys.Order()))
            if (_numbers.TryAdd(thread, _threads.Count))
                _threads.Add(thread);
    }

    /// <summary>The threads by their numbers.</summary>
    public IReadOnlyList<Tid> Threads => _threads;

    /// <summary>Writes the threads of rows.</summary>
    public void Write<T>(RowBatch<T> batch, VectorWriter vector)
    {
        Span<int> values = vector.Values<int>(batch.Count);
        for (int i = 0; i < values.Length; i++)
            values[i] = _threads[batch.Threads[i]].Value;
    }

    /// <summary>The number of a thread.</summary>
    public int Of(Tid thread) => _numbers[thread];

    /// <summary>The id of a call among those of all threads: that thread's number, and the call's place in it. No thread has 2^40 calls.</summary>
    public static long IdOf(int thread, long index) => ((long)thread << IndexBits) | index;
}
