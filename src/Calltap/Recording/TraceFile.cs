using Calltap.Native;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>A trace file that is being written: of one session, or of one for each process of a tree. Descriptions come from the sessions' thread, events from the drain's: one lock.</summary>
sealed class TraceFile : IDisposable
{
    readonly Lock _lock = new();
    readonly TraceWriter _writer;
    readonly TimeStampCounter _clock = new();
    readonly Dictionary<Tid, int> _tids = []; // of whose process, by its record, a tid stands for a thread
    int _madeThreads;
    int _processes;

    /// <summary>Starts the file.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public TraceFile(Stream file, SessionRecord session)
    {
        _writer = new TraceWriter(file);
        _writer.WriteSession(session);
        WriteClock();
    }

    /// <summary>The ids of functions and sites in it.</summary>
    public FileIds Ids { get; } = new();

    /// <summary>Bytes in the file.</summary>
    public ByteSize Written
    {
        get { lock (_lock) return _writer.Written; }
    }

    /// <summary>The time now.</summary>
    public TscTime Now => _clock.Now;

    /// <summary>Writes under the lock.</summary>
    public void Write(Action<TraceWriter> write)
    {
        lock (_lock) write(_writer);
    }

    /// <summary>Writes events under the lock.</summary>
    public void WriteEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        lock (_lock) _writer.WriteEvents(thread, events);
    }

    /// <summary>A point of the calibration.</summary>
    public void WriteClock()
    {
        (TscTime tsc, MonotonicNs ns) = _clock.Together();
        lock (_lock) _writer.WriteClock(new ClockRecord(tsc, ns));
    }

    /// <summary>Describes a process; its id in the file.</summary>
    public int Add(Func<int, ProcessRecord> describe)
    {
        lock (_lock)
        {
            ProcessRecord process = describe(++_processes);
            _writer.WriteProcesses([process]);
            return process.Id;
        }
    }

    /// <summary>The id of a thread in the file: its tid, or one of its own where that stands for a thread of another process. To be asked once for each thread.</summary>
    public Tid IdOf(Tid thread, int process)
    {
        lock (_lock)
            return _tids.TryAdd(thread, process) || _tids[thread] == process ? thread : new Tid(TaskRecord.FirstMade + _madeThreads++);
    }

    /// <summary>Writes what waits.</summary>
    public void Flush() => Write(writer => writer.Flush());

    /// <summary>Writes what waits, the last calibration point and the index.</summary>
    public void Finish()
    {
        WriteClock();
        Write(writer => writer.Finish());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _clock.Dispose();
    }
}
