namespace Calltap.Trace;

/// <summary>
/// Writes a trace file into a stream, front to back. One thread at a time. A file that is not finished reads up to its last whole
/// chunk; after an exception of the stream nothing more is written, so that what is there stays readable.
/// </summary>
/// <remarks>Describe functions and sites before the first event that names them.</remarks>
public sealed class TraceWriter : IDisposable
{
    // Over all threads: bounds the memory when thousands of threads each have a little.
    const int MaxPendingEvents = 2 << 20;

    // Records are cut into chunks of about this size: small enough to lose little at a cut, large enough to compress.
    const int RecordChunkBytes = 1 << 20;

    readonly ChunkWriter _chunks;
    readonly EventsChunk _events = new();
    readonly BlockCodec _codec = new();
    readonly ByteWriter _records = new();
    readonly ByteWriter _payload = new();
    readonly Dictionary<Tid, PendingEvents> _pending = [];
    int _pendingEvents;
    bool _closed;

    /// <summary>Starts a file in <paramref name="stream"/>, which is empty and stays the caller's.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public TraceWriter(Stream stream) => _chunks = new ChunkWriter(stream);

    /// <summary>Bytes written; events that wait for their chunk are not in it.</summary>
    public ByteSize Written => new(_chunks.Position);

    /// <summary>Events taken, written or waiting.</summary>
    public long Events { get; private set; }

    /// <summary>Writes the session's description.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteSession(SessionRecord session) => WriteRecords([session]);

    /// <summary>Describes modules.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteModules(IReadOnlyCollection<ModuleRecord> modules) => WriteRecords(modules);

    /// <summary>Describes functions.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteFunctions(IReadOnlyCollection<FunctionRecord> functions) => WriteRecords(functions);

    /// <summary>Describes sites.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteSites(IReadOnlyCollection<SiteRecord> sites) => WriteRecords(sites);

    /// <summary>Describes threads.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteThreads(IReadOnlyCollection<ThreadRecord> threads) => WriteRecords(threads);

    /// <summary>Describes programs of processes.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteProcesses(IReadOnlyCollection<ProcessRecord> processes) => WriteRecords(processes);

    /// <summary>Says whose threads these are.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteTasks(IReadOnlyCollection<TaskRecord> tasks) => WriteRecords(tasks);

    /// <summary>Writes a moment on both clocks; one at the start and one at the end make the times exact.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteClock(ClockRecord clock) => WriteRecords([clock]);

    /// <summary>Writes what a poke batch did.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteArming(ArmingRecord arming) => WriteRecords([arming]);

    /// <summary>
    /// Writes a loss, behind the events of that thread taken so far. Drain to the head, read the lost counters, write the loss, and
    /// only then publish the new limit: so the record stands where the gap is.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteLost(LostRecord lost)
    {
        WritePending(lost.Thread);
        WriteRecords([lost]);
    }

    /// <summary>Takes events of a thread, in the order the ring gave them.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WriteEvents(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        PendingEvents pending = PendingOf(thread);
        Events += events.Length;
        while (!events.IsEmpty)
        {
            if (pending.Count == 0 && events.Length >= TraceLimits.EventsPerChunk)
            {
                WriteChunk(thread, events[..TraceLimits.EventsPerChunk]);
                events = events[TraceLimits.EventsPerChunk..];
                continue;
            }

            int taken = pending.Add(events);
            events = events[taken..];
            _pendingEvents += taken;
            if (pending.Count == TraceLimits.EventsPerChunk)
                WritePending(thread);
        }

        if (_pendingEvents > MaxPendingEvents)
            WriteAllPending();
    }

    /// <summary>Writes what waits, so that the file is readable up to now.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Flush()
    {
        WriteAllPending();
        _chunks.Flush();
    }

    /// <summary>Writes what waits, the index and the end. Nothing can be written afterwards.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Finish()
    {
        WriteAllPending();
        _payload.Clear();
        _records.Clear();
        EndChunk.Write(_chunks, Events, _codec, _records, _payload);
        Guarded(new ChunkEntry { Type = ChunkType.End }, _payload.Written);
        _chunks.Flush();
        _closed = true;
    }

    /// <summary>Frees buffers; it does not finish the file.</summary>
    public void Dispose()
    {
        _closed = true;
        _events.Dispose();
        _codec.Dispose();
    }

    PendingEvents PendingOf(Tid thread)
    {
        if (!_pending.TryGetValue(thread, out PendingEvents? pending))
            _pending.Add(thread, pending = new PendingEvents());
        return pending;
    }

    void WriteAllPending()
    {
        foreach (Tid thread in _pending.Keys)
            WritePending(thread);
    }

    void WritePending(Tid thread)
    {
        if (!_pending.TryGetValue(thread, out PendingEvents? pending) || pending.Count == 0)
            return;
        WriteChunk(thread, pending.Events);
        _pendingEvents -= pending.Count;
        pending.Clear(release: pending.Count < TraceLimits.EventsPerChunk);
    }

    void WriteChunk(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        _payload.Clear();
        _events.Write(thread, events, _payload);
        Guarded(new ChunkEntry(ChunkType.Events, default, default, thread, events[0].Time, events[^1].Time, events.Length), _payload.Written);
    }

    void WriteRecords<T>(IReadOnlyCollection<T> records)
        where T : IRecord<T>
    {
        _records.Clear();
        int count = 0;
        foreach (T record in records)
        {
            record.Write(_records);
            count++;
            if (_records.Length >= RecordChunkBytes)
                WriteRecordChunk(T.Chunk, ref count);
        }

        if (count > 0)
            WriteRecordChunk(T.Chunk, ref count);
    }

    void WriteRecordChunk(ChunkType type, ref int count)
    {
        _payload.Clear();
        RecordChunk.Write(count, _records.Written, _codec, _payload);
        Guarded(new ChunkEntry { Type = type }, _payload.Written);
        _records.Clear();
        count = 0;
    }

    void Guarded(ChunkEntry entry, ReadOnlySpan<byte> payload)
    {
        if (_closed)
            throw new InvalidOperationException("The trace file was finished, or its stream failed.");
        _closed = true;
        _chunks.Write(entry, payload);
        _closed = false;
    }
}
