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
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
    private readonly Thread _thread;
    private Tid _self; // written by the thread before its work, read after its end

    internal PtraceThread(string name)
    {
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        Scheduling.StartUrgently(_thread);
    }

    /// <summary>What it does when there is no work, again and again, and how long it sleeps then; null for nothing. Set by work of its own.</summary>
    internal Func<TimeSpan>? Idle { get; set; }

    /// <summary>How work seizes threads; whoever waits for the work helps.</summary>
    internal Seizing Seizing { get; } = new();

    /// <summary>Set by work when the thread holds nothing: then nobody has to wait for its end.</summary>
    internal bool HoldsNothing { get; set; }

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
        while (!done.Wait(s_look))
            Seizing.Relieve();
        fault?.Throw();
        return result;
    }

    /// <summary>Has <paramref name="work"/> done, which does not throw, behind what was asked for before; nobody waits for it.</summary>
    internal void Post(Action work) => _work.Add(work);

    /// <summary>Ends the thread, and with it every attachment it holds.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        if (Thread.CurrentThread == _thread || HoldsNothing)
            return;
        _thread.Join();
        // The kernel detaches in the thread's last moments, after the runtime has let go of it: until then nobody else can attach.
        Deadline.In(s_patience).Poll(() => !Directory.Exists(ProcFiles.Thread(new Pid(Environment.ProcessId), _self, "")));
    }

    // Threads of the target wait for this one: it asks for a real-time priority, and does without where that is not allowed.
    private void Loop()
    {
        _self = SystemCall.CurrentThread();
        Scheduling.MakeRealTime(_self);
        while (!_work.IsCompleted)
        {
            if (_work.TryTake(out Action? work, Idle is null ? Timeout.Infinite : 0))
                work();
            else if (Idle?.Invoke() is { Ticks: > 0 } time)
                Clock.Sleep(time);
        }
    }
}
