using System.Runtime.ExceptionServices;

namespace Calltap.Analysis.Scans;

/// <summary>Full batches, a bounded number: whoever decodes waits while the engine is slower. Any thread.</summary>
sealed class BatchQueue<T>(int capacity)
{
    readonly object _gate = new();
    readonly Queue<RowBatch<T>> _full = new();
    readonly Stack<RowBatch<T>> _free = new();
    bool _isOver;
    bool _isCancelled;
    Exception? _failure;

    /// <summary>A batch without rows.</summary>
    public RowBatch<T> Empty()
    {
        lock (_gate)
            return _free.TryPop(out RowBatch<T>? free) ? free : new RowBatch<T>();
    }

    /// <summary>Gives a batch, which is the queue's from then on.</summary>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    public void Put(RowBatch<T> batch)
    {
        lock (_gate)
        {
            while (_full.Count >= capacity && !_isCancelled)
                Monitor.Wait(_gate);
            if (_isCancelled)
                throw new OperationCanceledException();
            _full.Enqueue(batch);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The next batch; null behind the last. To be given back.</summary>
    public RowBatch<T>? Take()
    {
        lock (_gate)
        {
            while (_full.Count == 0 && !_isOver)
                Monitor.Wait(_gate);
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
            if (!_full.TryDequeue(out RowBatch<T>? batch))
                return null;
            Monitor.PulseAll(_gate);
            return batch;
        }
    }

    /// <summary>Gives back what was taken.</summary>
    public void Return(RowBatch<T> batch)
    {
        batch.Count = 0;
        lock (_gate)
            _free.Push(batch);
    }

    /// <summary>Nothing more will be put; with a failure, whoever takes is told of it.</summary>
    public void Complete(Exception? failure = null)
    {
        lock (_gate)
        {
            (_isOver, _failure) = (true, failure);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Nothing more will be taken.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            _isCancelled = true;
            Monitor.PulseAll(_gate);
        }
    }
}
