using System.Collections.Concurrent;

namespace Calltap.Analysis.Scans;

/// <summary>
/// Lends batches to the threads of a trace while their events are taken: as many are half full as processors work, not as many as the trace has threads.
/// </summary>
sealed class BatchWriter<T>(BatchQueue<T> queue)
{
    readonly ConcurrentBag<RowBatch<T>> _lent = [];

    /// <summary>A batch with room.</summary>
    public RowBatch<T> Borrow() => _lent.TryTake(out RowBatch<T>? batch) ? batch : queue.Empty();

    /// <summary>Puts a row into a borrowed batch, and that into the queue where it is full.</summary>
    public void Add(ref RowBatch<T> batch, in T row, int thread)
    {
        batch.Add(row, thread);
        if (!batch.IsFull)
            return;
        queue.Put(batch);
        batch = queue.Empty();
    }

    /// <summary>Gives a batch back.</summary>
    public void GiveBack(RowBatch<T> batch) => _lent.Add(batch);

    /// <summary>Puts what is not full into the queue.</summary>
    public void Flush()
    {
        while (_lent.TryTake(out RowBatch<T>? batch))
            if (batch.Count > 0)
                queue.Put(batch);
    }
}
