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
    readonly bool _skips;
    TraceCatalog _catalog;
    TraceEvent[] _buffer = [];
    long _eventCount;

    TraceReader(IByteSource source, string file, bool skipDamage)
    {
        (_source, _file, _skips) = (source, file, skipDamage);
        _chunks = new ChunkReader(source, file);
        _catalog = new TraceCatalog(NewBudget());
        if (skipDamage)
        {
            ScanAll();
            return;
        }

        _chunks.CheckFileHeader();
        if (!TryLoadIndexed())
            Scan();
    }

    /// <summary>What the file says besides the events.</summary>
    public TraceCatalog Catalog => _catalog;

    /// <summary>Whether the file has its end; if not, the tracer died or the disk was full.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Why reading stopped before the end of the file; null when nothing is wrong. Events behind it are not delivered.</summary>
    public TraceFormatException? Damage { get; private set; }

    /// <summary>What was skipped, if damage is; empty before the events were read when only their contents are wrong.</summary>
    public SkippedParts Skipped { get; } = new();

    /// <summary>How far the read is that goes on.</summary>
    public ReadProgress Progress { get; } = new();

    /// <summary>Number of events in the readable part.</summary>
    public long Events => _items.Sum(item => (long)item.Chunk.Count);

    /// <summary>All chunks that were found, in file order.</summary>
    public IReadOnlyList<ChunkEntry> Chunks => _all;

    /// <summary>The chunks of events, in file order.</summary>
    public IEnumerable<ChunkEntry> EventChunks => _items.Where(item => item.IsEvents).Select(item => item.Chunk);

    /// <summary>Threads that have events.</summary>
    public IReadOnlySet<Tid> Threads => EventChunks.Select(chunk => chunk.Thread).ToHashSet();

    /// <summary>Opens a trace in a seekable stream, which stays the caller's.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="skipDamage">
    /// Whether to read all chunks that check out, wherever they are, and to skip the others (<see cref="Skipped"/>). Opening reads the whole file then. A thread whose events may have
    /// been skipped has a loss there.
    /// </param>
    /// <exception cref="TraceFormatException">The file header is not that of a trace of this version; or, if damage is skipped, nothing is readable.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static TraceReader Open(Stream stream, string file, bool skipDamage = false) => new(new StreamSource(stream), file, skipDamage);

    /// <summary>Opens a trace in memory; <paramref name="file"/> is for messages.</summary>
    /// <exception cref="TraceFormatException">The file header is not that of a trace of this version; or, if damage is skipped, nothing is readable.</exception>
    public static TraceReader Open(ReadOnlyMemory<byte> content, string file, bool skipDamage = false) => new(new MemorySource(content), file, skipDamage);

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
            {
                Deliver(visitor, item.Thread, events);
            }
            else if (_skips)
            {
                Deliver(visitor, item.Thread, order.Flush());
                visitor.OnLost(GapAt(item.Chunk));
            }
            else
            {
                break;
            }
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
        StreamItem[] wanted = [.. items.Where(item => item.IsEvents ? window.Overlaps(item.Chunk) : window.Contains(item.Lost.Time))];
        ChunkEntry[] chunks = [.. wanted.Where(item => item.IsEvents).Select(item => item.Chunk)];
        Progress.Begin(chunks);
        using var ahead = new DecodeAhead(chunks, Environment.ProcessorCount - 1, NewDecoder);
        ReadOnlyMemory<TraceEvent>? Take(ChunkEntry chunk, ThreadOrder order, ref TraceEvent[] buffer) => TryTake(ahead, chunk, order, ref buffer);
        var merge = new ThreadMerge(Take, RefuseToMerge, wanted.GroupBy(item => item.Thread), _skips ? GapAt : null);
        merge.Run(window == TimeWindow.All ? visitor : new WindowVisitor(window, visitor));
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
        Progress.Begin(EventChunks.Where(chunk => window.Overlaps(chunk)));
        var read = new ParallelRead(_items, window, Environment.ProcessorCount, NewDecoder, visitorOf) { Progress = Progress, GapAt = _skips ? GapAt : null };
        read.Run();
        foreach ((ChunkEntry chunk, TraceFormatException why) in read.Skipped)
            Skipped.AddChunk(chunk, why.Expectation);
        Damage ??= read.Damage?.Why;
    }

    ChunkDecoder NewDecoder() => new(_source, _file);

    // Its events are missing in front of the thread's next ones; how many is not known.
    static LostRecord GapAt(ChunkEntry chunk) => new(chunk.Thread, chunk.First, 0, 0, 0);

    ReadOnlyMemory<TraceEvent>? TryTake(DecodeAhead ahead, in ChunkEntry chunk, ThreadOrder order, ref TraceEvent[] buffer)
    {
        try
        {
            int end = ahead.Take(chunk, ref buffer), start = ThreadOrder.MaxHeld - order.Held;
            Progress.Add(chunk);
            return buffer.AsMemory(start, order.Take(buffer.AsSpan(start, end - start), isInOrder: false));
        }
        catch (TraceFormatException damage)
        {
            Note(chunk, damage);
            return null;
        }
    }

    void Note(in ChunkEntry chunk, TraceFormatException damage)
    {
        if (_skips)
            Skipped.AddChunk(chunk, damage.Expectation);
        else
            Damage ??= damage;
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
            return buffer.AsMemory(0, order.Take(buffer.AsSpan(0, end), _events.IsInOrder));
        }
        catch (TraceFormatException damage)
        {
            Note(chunk, damage);
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

    // Everything that checks out, whatever lies between.
    void ScanAll()
    {
        var search = new ChunkSearch(_source, _chunks);
        var since = new Dictionary<Tid, TscTime>();
        long offset = StartOfChunks(search);
        while (offset < _chunks.Length)
        {
            try
            {
                ReadOnlySpan<byte> payload = _chunks.Read(new FileOffset(offset), out ChunkEntry entry);
                Take(entry, payload);
                offset += TraceFormat.ChunkHeaderBytes + entry.Length.Value;
                IsComplete = entry.Type == ChunkType.End && offset == _chunks.Length;
                if (entry.Type == ChunkType.Events)
                    since[entry.Thread] = entry.Last;
            }
            catch (TraceFormatException damage)
            {
                long next = search.Next(offset);
                Skipped.Add(new FileOffset(offset), next - offset, damage.Expectation);
                offset = next;
                // Anybody's events may have been there. A thread without events since the last gap has no calls that would be taken for open.
                _items.AddRange(since.Select(thread => new StreamItem(default, _catalog.Lost.GetValueOrDefault(thread.Key) with { Thread = thread.Key, Time = thread.Value })));
                since.Clear();
            }
        }
    }

    long StartOfChunks(ChunkSearch search)
    {
        try
        {
            _chunks.CheckFileHeader();
            return TraceFormat.FileHeaderBytes;
        }
        catch (TraceFormatException damage) when (!_chunks.HasMagic())
        {
            long next = search.Next(0);
            if (next == _chunks.Length)
                throw;
            Skipped.Add(default, next, damage.Expectation);
            return next;
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
        if (entry.Type == ChunkType.Events)
            TakeEvents(entry);
        else
            _items.AddRange(_catalog.Add(entry.Type, payload, _codec, _chunks.PlaceOf(entry.Offset)).Select(lost => new StreamItem(default, lost)));
        _all.Add(entry);
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
