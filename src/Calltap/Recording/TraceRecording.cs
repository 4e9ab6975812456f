using System.Diagnostics;
using Calltap.Native;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// A trace file with the thread that fills it: it drains the rings of every session that has joined. Sessions come and go (<see cref="Recorder"/>); any thread may
/// look how far it is.
/// </summary>
public sealed class TraceRecording : IDisposable
{
    static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    readonly Lock _rounds = new(); // who holds it, no ring is being read
    readonly List<RingDrain> _drains = [];
    readonly RecordOptions _options;
    readonly Thread _thread;
    volatile bool _asked;
    volatile int _stop = (int)RecordStop.None;
    (long Events, long LostEntries, long LostExits) _left; // of sessions that are over
    bool _finished;

    /// <summary>Starts a file.</summary>
    /// <param name="file">An empty stream; stays the caller's.</param>
    /// <param name="first">The process that is traced first.</param>
    /// <param name="options">What and how much.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public TraceRecording(Stream file, Pid first, RecordOptions options)
    {
        _options = options;
        File = new TraceFile(file, Machine.Describe(first, options.Scope));
        _thread = new Thread(DrainLoop) { IsBackground = true, Name = "calltap drain" };
        _thread.Start();
    }

    internal TraceFile File { get; }

    /// <summary>What events are taken through, one ring after another.</summary>
    internal TraceEvent[] Batch { get; } = new TraceEvent[RingDrain.BatchEvents];

    /// <summary>Why it has ended; <see cref="RecordStop.None"/> while it goes on. The end of a target ends its session alone.</summary>
    public RecordStop Ended => (RecordStop)_stop;

    /// <summary>Why nothing more is written: an <see cref="IOException"/> of the file, or a fault of ours; null when all is well.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>How far it is.</summary>
    public RecordProgress Progress
    {
        get
        {
            lock (_rounds)
                return new(
                    _left.Events + _drains.Sum(d => d.Events), File.Written,
                    _left.LostEntries + _drains.Sum(d => d.LostEntries), _left.LostExits + _drains.Sum(d => d.LostExits));
        }
    }

    /// <summary>Reads a session's rings from now on.</summary>
    internal void Join(RingDrain drain)
    {
        lock (_rounds) _drains.Add(drain);
    }

    /// <summary>Takes what is left in a session's rings, which nobody writes any more.</summary>
    internal void Leave(RingDrain drain)
    {
        lock (_rounds)
        {
            if (!_drains.Remove(drain)) return;
            Guarded(drain.Finish);
            _left = (_left.Events + drain.Events, _left.LostEntries + drain.LostEntries, _left.LostExits + drain.LostExits);
        }
    }

    /// <summary>Completes the file. Every session has left.</summary>
    public void Finish()
    {
        if (_finished) return;
        _finished = true;
        _asked = true;
        _thread.Join();
        Guarded(File.Finish);
    }

    void DrainLoop()
    {
        Scheduling.Prefer(SystemCall.CurrentThread()); // best effort: a full ring loses events
        long lastClock = Stopwatch.GetTimestamp();
        while (!_asked)
        {
            long events = Round();
            if (Stopwatch.GetElapsedTime(lastClock) > s_second)
            {
                lastClock = Stopwatch.GetTimestamp();
                Guarded(Housekeeping);
            }
            if (events == 0) Clock.Sleep(s_idle);
            if (File.Written.Value >= _options.MaxSize.Value) End(RecordStop.MaxSize);
        }
    }

    long Round()
    {
        long events = 0;
        lock (_rounds)
            foreach (RingDrain drain in _drains)
                if (Ended == RecordStop.None) Guarded(() => events += drain.Round());
        return events;
    }

    void Housekeeping()
    {
        File.WriteClock();
        File.Flush();
    }

    void End(RecordStop reason)
    {
        if (Ended == RecordStop.None) _stop = (int)reason;
    }

    /// <summary>A full disk, or a fault of ours, ends the recording, not the tracer: targets must still be disarmed.</summary>
    internal void Guarded(Action write)
    {
        if (Failure is not null) return;
        try
        {
            write();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failure = e;
            End(RecordStop.WriteFailed);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        File.Dispose();
    }
}
