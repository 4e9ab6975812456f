using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// One OS thread that makes ptrace requests: the kernel answers ESRCH to any other. Its end detaches every thread it still holds,
/// without stopping one (A1).
/// </summary>
internal sealed class PtraceThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    internal PtraceThread(string name)
    {
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> on the thread and gives its result, or its exception.</summary>
    internal T Run<T>(Func<T> work)
    {
        if (Thread.CurrentThread == _thread)
            return work();
        T result = default!;
        ExceptionDispatchInfo? fault = null;
        using ManualResetEventSlim done = new();
        _work.Add(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                fault = ExceptionDispatchInfo.Capture(e);
            }

            done.Set();
        });
        done.Wait();
        fault?.Throw();
        return result;
    }

    /// <summary>Ends the thread, and with it every attachment it holds.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
    }

    // Threads of the target wait for this one: it asks for a real-time priority, and does without where that is not allowed.
    private void Loop()
    {
        Scheduling.MakeRealTime(SystemCall.CurrentThread());
        foreach (Action work in _work.GetConsumingEnumerable())
            work();
    }
}
