namespace Calltap.Trace;

/// <summary>
/// Reads a trace file. Opening reads everything but the events; a file without an end is scanned up to its last whole chunk.
/// Not thread-safe.
/// </summary>
public sealed class TraceReader : IDisposable
{
    readonly IByteSource _source;
    readonly string _file;
    readonly ChunkReader _chunks;
    readonly BlockCodec _codec = new();
    readonly EventsChunk _events = new();
    readonly List<StreamItem> _items = [];
    readonly List<ChunkEntry> _all = [];
    TraceCatalog _catalog;
    TraceEvent[] _buffer = [];
    long _eventCount;

    TraceReader(IByteSource source, string file)
    {
        (_source, _file) = (source, file);
        _chunks = new ChunkReader(source, file);
        _chunks.CheckFileHeader();
        _catalog = new TraceCatalog(NewBudget());
        if (!TryLoadIndexed())
            Scan();
    }

    /// <summary>What the file says besides the events.</summary>
    public TraceCatalog Catalog => _catalog;

    /// <summary>Whether the file has its end; if not, the tracer died or the disk was full.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Why reading stopped before the end of the file; null when nothing is wrong. Events behind it are not delivered.</summary>
    public TraceFormatException? Damage { get; private set; }

    /// <summary>Number of events in the readable part.</summary>
    public long Events => _items.Sum(item => (long)item.Chunk.Count);

    /// <summary>All chunks that were found, in file order.</summary>
    public IReadOnlyList<ChunkEntry> Chunks => _all;

    /// <summary>The chunks of events, in file order.</summary>
    public IEnumerable<ChunkEntry> EventChunks => _items.Where(item => item.IsEvents).Select(item => item.Chunk);

    /// <summary>Threads that have events.</summary>
    public IReadOnlySet<Tid> Threads => EventChunks.Select(chunk => chunk.Thread).ToHashSet();

    /// <summary>Opens a trace in a seekable stream, which stays the caller's.</summary>
    /// <exception cref="TraceFormatException">The file header is not that of a trace of this version.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceReader Open(Stream stream, string file) => new(new StreamSource(stream), file);

    /// <summary>Opens a trace in memory; <paramref name="file"/> is for messages.</summary>
    /// <exception cref="TraceFormatException">The file header is not that of a trace of this version.</exception>
    public static TraceReader Open(ReadOnlyMemory<byte> content, string file) => new(new MemorySource(content), file);

    /// <summary>
    /// Delivers all events, chunk by chunk: each thread's in the order of their times, with one decoded chunk in memory. Stops at damage,
    /// which it leaves in <see cref="Damage"/>.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Read(IEventVisitor visitor)
    {
        var orders = new Dictionary<Tid, ThreadOrder>();
        foreach (StreamItem item in _items)
        {
            if (!orders.TryGetValue(item.Thread, out ThreadOrder? order))
                orders.Add(item.Thread, order = new ThreadOrder());
            if (!item.IsEvents)
            {
                Deliver(visitor, item.Thread, order.Flush());
                visitor.OnLost(item.Lost);
            }
            else if (TryDecode(item.Chunk, order, ref _buffer) is { } events)
                Deliver(visitor, item.Thread, events);
            else
                break;
        }

        foreach ((Tid thread, ThreadOrder order) in orders)
            Deliver(visitor, thread, order.Flush());
    }

    static void Deliver(IEventVisitor visitor, Tid thread, ReadOnlyMemory<TraceEvent> events)
    {
        if (!events.IsEmpty)
            visitor.OnEvents(thread, events.Span);
    }

    /// <summary>
    /// Delivers the events of all threads, or of <paramref name="only"/>, in a window of time, merged by time. Keeps one decoded chunk for each thread
    /// that has one at the present time. A thread ends at its first damaged chunk, which is left in <see cref="Damage"/>.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void ReadMerged(IEventVisitor visitor, IReadOnlySet<Tid>? only = null, TimeWindow? window = null)
    {
        ReadMerged(visitor, _items.Where(item => only is null || only.Contains(item.Thread)), window ?? TimeWindow.All);
    }

    /// <summary>Delivers some parts of threads as <see cref="ReadMerged(IEventVisitor, IReadOnlySet{Tid}?, TimeWindow?)"/> does.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    internal void ReadMerged(IEventVisitor visitor, IEnumerable<StreamItem> items, TimeWindow window)
    {
        IEnumerable<IGrouping<Tid, StreamItem>> threads =
            items.Where(item => item.IsEvents ? window.Overlaps(item.Chunk) : window.Contains(item.Lost.Time)).GroupBy(item => item.Thread);
        new ThreadMerge(TryDecode, RefuseToMerge, threads).Run(window == TimeWindow.All ? visitor : new WindowVisitor(window, visitor));
    }

    /// <summary>The parts of each thread, in its order.</summary>
    internal ILookup<Tid, StreamItem> ItemsByThread() => _items.ToLookup(item => item.Thread);

    /// <summary>
    /// Delivers the events in <paramref name="window"/> on all processors: each thread's to its own visitor and in the order of their times, those
    /// of different threads at the same time. Keeps a few decoded chunks for each processor. A thread ends at its first damaged chunk;
    /// the first of the file is left in <see cref="Damage"/>. A chunk counts as outside the window when its first and last event are, on the same side.
    /// </summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void ReadParallel(TimeWindow window, Func<Tid, IEventVisitor> visitorOf)
    {
        var read = new ParallelRead(_items, window, Environment.ProcessorCount, () => new ChunkDecoder(_source, _file), visitorOf);
        read.Run();
        Damage ??= read.Damage?.Why;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _codec.Dispose();
        _events.Dispose();
    }

    void RefuseToMerge(ChunkEntry chunk) =>
        Damage ??= _chunks.PlaceOf(chunk.Offset).Expected($"at most {TraceLimits.MaxMergedEvents} events of all threads at one time");

    // The events of the chunk, and of the one before, that nothing that follows can belong before.
    ReadOnlyMemory<TraceEvent>? TryDecode(ChunkEntry chunk, ThreadOrder order, ref TraceEvent[] buffer)
    {
        try
        {
            ReadOnlySpan<byte> payload = _chunks.Read(chunk.Offset, out ChunkEntry found);
            if (found != chunk)
                throw _chunks.PlaceOf(chunk.Offset).Expected("the chunk that the index tells of");
            int end = _events.Read(payload, order.Held, ref buffer, _chunks.PlaceOf(chunk.Offset));
            return buffer.AsMemory(0, order.Take(buffer.AsSpan(0, end)));
        }
        catch (TraceFormatException damage)
        {
            Damage ??= damage;
            return null;
        }
    }

    RecordBudget NewBudget() => new(_chunks.Length);

    bool TryLoadIndexed()
    {
        if (_chunks.Length < TraceFormat.FileHeaderBytes + TraceFormat.ChunkHeaderBytes + TraceFormat.FooterBytes)
            return false;
        try
        {
            FileOffset end = _chunks.ReadFooter();
            ReadOnlySpan<byte> payload = _chunks.Read(end, out ChunkEntry entry);
            if (entry.Type != ChunkType.End || end.Value + TraceFormat.ChunkHeaderBytes + entry.Length.Value != _chunks.Length)
                return false;
            List<ChunkEntry> index = EndChunk.Read(payload, _codec, NewBudget(), _chunks.PlaceOf(end));
            index.ForEach(Load);
            IsComplete = index.Count > 0;
        }
        catch (TraceFormatException)
        {
            // A scan finds what is readable, and names the damage by itself.
            IsComplete = false;
        }

        return IsComplete;
    }

    void Scan()
    {
        _items.Clear();
        _all.Clear();
        _eventCount = 0;
        _catalog = new TraceCatalog(NewBudget());
        long offset = TraceFormat.FileHeaderBytes;
        try
        {
            while (offset < _chunks.Length && !IsComplete)
            {
                ReadOnlySpan<byte> payload = _chunks.Read(new FileOffset(offset), out ChunkEntry entry);
                Take(entry, payload);
                IsComplete = entry.Type == ChunkType.End;
                offset += TraceFormat.ChunkHeaderBytes + entry.Length.Value;
            }
        }
        catch (TraceFormatException damage)
        {
            Damage = damage;
        }
    }

    // Events chunks are trusted to be where the index says until they are read; only then is their checksum computed.
    void Load(ChunkEntry entry)
    {
        if (entry.Type == ChunkType.Events)
            Take(entry, default);
        else
            Take(entry, _chunks.Read(entry.Offset, out _));
    }

    void Take(ChunkEntry entry, ReadOnlySpan<byte> payload)
    {
        _all.Add(entry);
        if (entry.Type == ChunkType.Events)
            TakeEvents(entry);
        else
            _items.AddRange(_catalog.Add(entry.Type, payload, _codec, _chunks.PlaceOf(entry.Offset)).Select(lost => new StreamItem(default, lost)));
    }

    // A few bytes of zstd can hold a million events, and a small file many such chunks: reading it would take minutes.
    void TakeEvents(ChunkEntry entry)
    {
        _eventCount += entry.Count;
        if (_eventCount > TraceLimits.MaxEvents + (TraceLimits.EventsPerFileByte * _chunks.Length))
            throw _chunks.PlaceOf(entry.Offset).Expected("no more events than a recording of this size has");
        _items.Add(new StreamItem(entry, default));
    }
}
