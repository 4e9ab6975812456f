using System.Diagnostics;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// Records a session into a trace file: drains the rings on a thread of its own while ops come and go through it.
/// </summary>
/// <remarks>Add, Remove and Stop belong to one thread; <see cref="Progress"/> may be read from any.</remarks>
public sealed class Recorder : IDisposable
{
    static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    readonly TraceSession _session;
    readonly RecordOptions _options;
    readonly TraceFileSink _sink;
    readonly RingDrain _drain;
    readonly Thread _thread;
    volatile bool _asked;
    volatile int _stop = (int)RecordStop.None;
    TscTime _followed; // when modules were last looked for
    bool _finished;

    /// <summary>Starts a recording; nothing is armed by it.</summary>
    /// <param name="session">The session, whose events it takes from now on.</param>
    /// <param name="file">An empty stream; stays the caller's.</param>
    /// <param name="options">What and how much.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public Recorder(TraceSession session, Stream file, RecordOptions options)
    {
        ArgumentNullException.ThrowIfNull(session);
        _session = session;
        _options = options;
        _sink = new TraceFileSink(session, file, options.Scope);
        _drain = new RingDrain(session.Memory, new RingOwners(session.Target, session.ThreadSlots), _sink, TimeProvider.System);
        _session.AboutToArm = sites => Guarded(() => _sink.Describe(sites));
        _thread = new Thread(DrainLoop) { IsBackground = true, Name = "calltap drain" };
        _followed = _sink.Now;
        _thread.Start();
    }

    /// <summary>Why it has ended; <see cref="RecordStop.None"/> while it goes on.</summary>
    public RecordStop Ended => (RecordStop)_stop;

    /// <summary>Why nothing more is written: an <see cref="IOException"/> of the file, or a fault of ours; null when all is well.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>How far it is.</summary>
    public RecordProgress Progress => new(_drain.Events, _sink.Written, _drain.LostEntries, _drain.LostExits);

    /// <summary>Adds ops to the session.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ArmReport Add(IReadOnlyCollection<Op> ops) => Noted(() => _session.Add(ops));

    /// <summary>Removes an op from the session.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ArmReport Remove(Op op) => Noted(() => _session.Remove(op));

    /// <summary>Arms what the target has loaded since, and retires what it has unloaded; see <see cref="TraceSession.FollowModules"/>.</summary>
    /// <exception cref="AttachException">The target ended.</exception>
    public ModuleReport? FollowModules()
    {
        if (!_session.FollowsModules) return null;
        (TscTime before, TscTime start) = (_followed, _followed = _sink.Now);
        if (_session.FollowModules() is not { } report) return null;
        if (report.Retired.Count > 0) // at some time since the look before this
            Guarded(() => _sink.Arming(new ArmingRecord(ArmingKind.Disarmed, before, _sink.Now, 0, 0, report.Retired)));
        if (report.Arming is { } arming) NoteArming(start, arming);
        return report;
    }

    /// <summary>Disarms, takes the last events, and completes the file.</summary>
    /// <returns>How disarming went; null when the target had ended.</returns>
    public ArmReport? Stop()
    {
        if (_finished) return null;
        _finished = true;
        ArmReport? report = null;
        try
        {
            TscTime start = _sink.Now;
            report = _session.Detach();
            if (report is not null) Note(start, report);
        }
        finally
        {
            _asked = true;
            _thread.Join();
            Guarded(_sink.Finish);
        }
        return report;
    }

    ArmReport Noted(Func<ArmReport> change)
    {
        TscTime start = _sink.Now;
        ArmReport report = change();
        NoteArming(start, report);
        return report;
    }

    void NoteArming(TscTime start, ArmReport report)
    {
        Note(start, report);
        // An exit that the batch left out says nothing when it is taken.
        Guarded(() => _sink.MarkIncomplete(report.Batch.Refused.Where(site => site.Plan.Kind != Code.SiteKind.Entry).Select(site => site.Function)));
    }

    void Note(TscTime start, ArmReport report) => Guarded(() =>
    {
        foreach (ArmingRecord record in ArmingRecords.Of(report, start, _sink.Now)) _sink.Arming(record);
    });

    void DrainLoop()
    {
        Scheduling.Prefer(SystemCall.CurrentThread()); // best effort: a full ring loses events
        long lastClock = Stopwatch.GetTimestamp();
        while (!_asked)
        {
            long events = 0;
            if (Ended == RecordStop.None) Guarded(() => events = _drain.Round());
            if (Stopwatch.GetElapsedTime(lastClock) > s_second)
            {
                lastClock = Stopwatch.GetTimestamp();
                Guarded(Housekeeping);
            }
            if (events == 0) Clock.Sleep(s_idle);
            CheckLimits();
        }
        Guarded(_drain.Finish); // disarmed: what is in the rings now is all there will be
    }

    void Housekeeping()
    {
        _sink.WriteClock();
        _sink.Flush();
    }

    void CheckLimits()
    {
        if (_session.Target.IsGone) End(RecordStop.TargetEnded);
        else if (_sink.Written.Value >= _options.MaxSize.Value) End(RecordStop.MaxSize);
    }

    void End(RecordStop reason)
    {
        if (Ended == RecordStop.None) _stop = (int)reason;
    }

    /// <summary>A full disk, or a fault of ours, ends the recording, not the tracer: the target must still be disarmed.</summary>
    void Guarded(Action write)
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
        Stop();
        _sink.Dispose();
    }
}
