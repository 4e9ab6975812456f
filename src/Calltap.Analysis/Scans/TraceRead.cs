using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>Reads a trace on all processors, on threads of its own, into a queue of batches.</summary>
sealed class TraceRead<T> : IDisposable
{
    const int BatchesAhead = 16;

    readonly Thread _thread;

    /// <summary>Starts it.</summary>
    /// <param name="read">Delivers the whole trace, and returns behind it.</param>
    public TraceRead(Action<BatchWriter<T>> read)
    {
        _thread = new Thread(() => Run(read)) { Name = "query read", IsBackground = true };
        _thread.Start();
    }

    /// <summary>What is read.</summary>
    public BatchQueue<T> Queue { get; } = new(BatchesAhead);

    /// <summary>Ends it, also early.</summary>
    public void Dispose()
    {
        Queue.Cancel();
        _thread.Join();
    }

    void Run(Action<BatchWriter<T>> read)
    {
        try
        {
            var writer = new BatchWriter<T>(Queue);
            read(writer);
            writer.Flush();
            Queue.Complete();
        }
        catch (OperationCanceledException)
        {
            Queue.Complete();
        }
        catch (Exception e)
        {
            Queue.Complete(e); // whoever takes is told
        }
    }
}
