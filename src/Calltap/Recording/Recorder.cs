using Calltap.Probes;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>Records a session into a trace file: ops come and go through it while the file's thread drains the rings.</summary>
/// <remarks>Add, Remove and Stop belong to one thread; <see cref="Progress"/> may be read from any.</remarks>
public sealed class Recorder : IDisposable
{
    readonly TraceSession _session;
    readonly TraceRecording _recording;
    readonly bool _ownsRecording;
    readonly SessionSink _sink;
    readonly RingDrain _drain;
    TscTime _followed; // when modules were last looked for
    bool _finished;

    /// <summary>Starts a recording of one session; nothing is armed by it.</summary>
    /// <param name="session">The session, whose events it takes from now on.</param>
    /// <param name="file">An empty stream; stays the caller's.</param>
    /// <param name="options">What and how much.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public Recorder(TraceSession session, Stream file, RecordOptions options)
        : this(session, new TraceRecording(file, (session ?? throw new ArgumentNullException(nameof(session))).Target.Pid, options), null) => _ownsRecording = true;

    /// <summary>Adds a session to a recording; nothing is armed by it.</summary>
    /// <param name="session">The session; functions that are armed in it were so in its parent's.</param>
    /// <param name="recording">The recording; stays the caller's.</param>
    /// <param name="parent">The recorder of the process that forked it, or of the program before; null when it is none of this recording.</param>
    public Recorder(TraceSession session, TraceRecording recording, Recorder? parent)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(recording);
        (_session, _recording) = (session, recording);
        _sink = new SessionSink(recording.File, session, parent?._sink);
        recording.Guarded(_sink.Begin);
        _drain = new RingDrain(session.Memory, new RingOwners(session.Target, session.ThreadSlots), _sink, TimeProvider.System, recording.Batch);
        _session.AboutToArm = sites => _recording.Guarded(() => _sink.Describe(sites));
        _followed = _sink.Now;
        recording.Join(_drain);
    }

    /// <summary>Why it has ended; <see cref="RecordStop.None"/> while it goes on.</summary>
    public RecordStop Ended => _recording.Ended != RecordStop.None ? _recording.Ended : _session.Target.IsGone ? RecordStop.TargetEnded : RecordStop.None;

    /// <summary>Why nothing more is written: an <see cref="IOException"/> of the file, or a fault of ours; null when all is well.</summary>
    public Exception? Failure => _recording.Failure;

    /// <summary>How far the recording is.</summary>
    public RecordProgress Progress => _recording.Progress;

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
            _recording.Guarded(() => _sink.Arming(new ArmingRecord(ArmingKind.Disarmed, before, _sink.Now, 0, 0, report.Retired)));
        _recording.Guarded(() => _sink.NoteContinuations(report.Come));
        if (report.Arming is { } arming) NoteArming(start, arming);
        return report;
    }

    /// <summary>Disarms, takes the last events, and completes the file where it is this session's alone.</summary>
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
            _recording.Leave(_drain);
            _session.AboutToArm = null;
            if (_ownsRecording) _recording.Finish();
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
        _recording.Guarded(() => _sink.MarkIncomplete(report.Batch.Refused.Where(site => site.Plan.Kind != Code.SiteKind.Entry).Select(site => site.Function)));
    }

    void Note(TscTime start, ArmReport report) => _recording.Guarded(() =>
    {
        foreach (ArmingRecord record in ArmingRecords.Of(report, start, _sink.Now)) _sink.Arming(record);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        if (_ownsRecording) _recording.Dispose();
    }
}
