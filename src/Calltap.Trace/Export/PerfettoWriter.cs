namespace Calltap.Trace;

/// <summary>
/// Writes a Perfetto trace: slices on a track for each thread, which ui.perfetto.dev and trace_processor read. Times are CLOCK_MONOTONIC, so that it can be
/// laid beside what Perfetto itself recorded meanwhile.
/// </summary>
public sealed class PerfettoWriter : ITrackVisitor
{
    const uint Sequence = 1;
    const int FlushBytes = 64 << 10;

    readonly ProtoWriter _proto = new();
    readonly Dictionary<FunctionId, ulong> _names = [];
    readonly Dictionary<string, ulong> _categories = [];
    readonly HashSet<Pid> _processes = [];
    readonly TraceCatalog _catalog;
    readonly Stream _output;
    readonly ulong _start;
    ulong _track;
    ulong _threadTrack;

    PerfettoWriter(TraceReader trace, Stream output) =>
        (_catalog, _output, _start) = (trace.Catalog, output, (ulong)new TrackClock(trace).Start.Value);

    /// <summary>Writes a part of a trace.</summary>
    /// <exception cref="IOException">The trace or the output failed.</exception>
    public static ExportTotals Write(TraceReader trace, ExportPart part, Stream output)
    {
        ArgumentNullException.ThrowIfNull(trace);
        var writer = new PerfettoWriter(trace, output);
        writer.WriteStart();
        ExportTotals totals = TrackReader.Read(trace, part, writer);
        writer.Flush(0);
        return totals;
    }

    /// <inheritdoc/>
    public void OnTrack(Track track)
    {
        ArgumentNullException.ThrowIfNull(track);
        ulong process = ProcessTrack(track.Pid);
        if (_processes.Add(track.Pid))
            WriteProcess(track.Pid, process);
        _track = (ulong)track.Id;
        _threadTrack = track.Stack == 0 ? _track : _threadTrack;
        WriteTrack(track, process);
    }

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, long ns)
    {
        (int packet, int slice) = BeginEvent(ns, PerfettoSchema.SliceBegin);
        bool isNew = !_names.TryGetValue(function, out ulong name);
        if (isNew)
            _names.Add(function, name = (ulong)_names.Count + 1);
        string module = _catalog.ModuleOf(function);
        bool isNewModule = !_categories.TryGetValue(module, out ulong category);
        if (isNewModule)
            _categories.Add(module, category = (ulong)_categories.Count + 1);
        _proto.Number(PerfettoSchema.EventName, name);
        if (module.Length > 0)
            _proto.Number(PerfettoSchema.EventCategory, category);
        _proto.End(slice);
        if (isNew)
            Intern(isNewModule ? module : "", category, name, _catalog.NameOf(function));
        End(packet);
    }

    /// <inheritdoc/>
    public void OnExit(in Call call, long ns)
    {
        (int packet, int slice) = BeginEvent(ns, PerfettoSchema.SliceEnd);
        if (call.EndedBy != EndedBy.Exit)
            Annotate("end", call.EndedBy == EndedBy.Unwind ? "unwound" : "unknown");
        _proto.End(slice);
        End(packet);
    }

    /// <inheritdoc/>
    public void OnLost(in TrackLoss loss, long ns)
    {
        (int packet, int instant) = BeginInstant(ns, "events lost");
        Annotate("entries", loss.Entries);
        Annotate("exits", loss.Exits);
        Annotate("holes", loss.Holes);
        _proto.End(instant);
        End(packet);
    }

    /// <inheritdoc/>
    public void OnEnd(ExportTotals totals, long ns)
    {
        ArgumentNullException.ThrowIfNull(totals);
        if (totals.OrphanExits == 0)
            return;
        (int packet, int instant) = BeginInstant(ns, "exits of calls that began earlier");
        Annotate("exits", totals.OrphanExits);
        _proto.End(instant);
        End(packet);
    }

    // Tracks are numbered by threads; a process has a number that no thread has.
    static ulong ProcessTrack(Pid pid) => (1UL << 40) + (ulong)pid.Value;

    // What of the names is known begins here, and what the times are counted on.
    void WriteStart()
    {
        int packet = Begin();
        _proto.Number(PerfettoSchema.SequenceFlags, PerfettoSchema.IncrementalStateCleared);
        _proto.Number(PerfettoSchema.FirstPacketOnSequence, 1);
        int defaults = _proto.Begin(PerfettoSchema.PacketDefaults);
        _proto.Number(PerfettoSchema.DefaultsClock, PerfettoSchema.Monotonic);
        _proto.End(defaults);
        int snapshot = _proto.Begin(PerfettoSchema.ClockSnapshot);
        int clock = _proto.Begin(PerfettoSchema.SnapshotClock);
        _proto.Number(PerfettoSchema.ClockId, PerfettoSchema.Monotonic);
        _proto.Number(PerfettoSchema.ClockTime, _start);
        _proto.End(clock);
        _proto.Number(PerfettoSchema.SnapshotPrimary, PerfettoSchema.Monotonic);
        _proto.End(snapshot);
        End(packet);
    }

    void WriteProcess(Pid pid, ulong uuid)
    {
        int packet = Begin();
        int track = _proto.Begin(PerfettoSchema.TrackDescriptor);
        _proto.Number(PerfettoSchema.TrackUuid, uuid);
        int process = _proto.Begin(PerfettoSchema.TrackProcess);
        _proto.Number(PerfettoSchema.ProcessPid, (ulong)pid.Value);
        _proto.Text(PerfettoSchema.ProcessName, ProcessNames.Of(_catalog, pid));
        _proto.End(process);
        _proto.End(track);
        End(packet);
    }

    void WriteTrack(Track track, ulong process)
    {
        int packet = Begin();
        int descriptor = _proto.Begin(PerfettoSchema.TrackDescriptor);
        _proto.Number(PerfettoSchema.TrackUuid, _track);
        _proto.Number(PerfettoSchema.TrackParent, track.Stack == 0 ? process : _threadTrack);
        if (track.Stack > 0)
        {
            _proto.Text(PerfettoSchema.TrackName, track.Name);
        }
        else
        {
            int thread = _proto.Begin(PerfettoSchema.TrackThread);
            _proto.Number(PerfettoSchema.ThreadPid, (ulong)track.Pid.Value);
            _proto.Number(PerfettoSchema.ThreadTid, (ulong)track.Id);
            _proto.Text(PerfettoSchema.ThreadName, track.Name);
            _proto.End(thread);
        }

        _proto.End(descriptor);
        End(packet);
    }

    void Intern(string module, ulong category, ulong name, string text)
    {
        int data = _proto.Begin(PerfettoSchema.InternedData);
        if (module.Length > 0)
            Intern(PerfettoSchema.InternedCategories, category, module);
        Intern(PerfettoSchema.InternedNames, name, text);
        _proto.End(data);
    }

    void Intern(int field, ulong id, string text)
    {
        int entry = _proto.Begin(field);
        _proto.Number(PerfettoSchema.InternedId, id);
        _proto.Text(PerfettoSchema.InternedText, text);
        _proto.End(entry);
    }

    void Annotate(string name, string value)
    {
        int annotation = _proto.Begin(PerfettoSchema.EventAnnotation);
        _proto.Text(PerfettoSchema.AnnotationName, name);
        _proto.Text(PerfettoSchema.AnnotationText, value);
        _proto.End(annotation);
    }

    void Annotate(string name, long value)
    {
        int annotation = _proto.Begin(PerfettoSchema.EventAnnotation);
        _proto.Text(PerfettoSchema.AnnotationName, name);
        _proto.Number(PerfettoSchema.AnnotationNumber, (ulong)value);
        _proto.End(annotation);
    }

    (int Packet, int Event) BeginInstant(long ns, string name)
    {
        (int packet, int instant) = BeginEvent(ns, PerfettoSchema.Instant);
        _proto.Text(PerfettoSchema.EventText, name);
        return (packet, instant);
    }

    (int Packet, int Event) BeginEvent(long ns, ulong type)
    {
        int packet = Begin();
        _proto.Number(PerfettoSchema.Timestamp, _start + (ulong)ns);
        _proto.Number(PerfettoSchema.SequenceFlags, PerfettoSchema.NeedsIncrementalState);
        int track = _proto.Begin(PerfettoSchema.TrackEvent);
        _proto.Number(PerfettoSchema.EventType, type);
        _proto.Number(PerfettoSchema.EventTrack, _track);
        return (packet, track);
    }

    int Begin()
    {
        int packet = _proto.Begin(PerfettoSchema.TracePacket);
        _proto.Number(PerfettoSchema.SequenceId, Sequence);
        return packet;
    }

    void End(int packet)
    {
        _proto.End(packet);
        Flush(FlushBytes);
    }

    void Flush(int least)
    {
        if (_proto.Written.Length < least)
            return;
        _output.Write(_proto.Written);
        _proto.Clear();
    }
}
