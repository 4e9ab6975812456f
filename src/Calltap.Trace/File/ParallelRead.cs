using System.Runtime.ExceptionServices;

namespace Calltap.Trace;

/// <summary>
/// Reads a trace on several processors. Chunks are decoded in file order by whoever is free, a bounded number ahead; what is decoded
/// is delivered in order within a thread of the trace (its lane), different lanes at the same time.
/// </summary>
/// <remarks>
/// A worker that finds nothing to do waits for one that works. It can't wait forever: the first part of each lane was claimed before all that
/// counts against the bound behind it, so it is decoded, being decoded, or being delivered.
/// </remarks>
sealed class ParallelRead
{
    const int AheadPerWorker = 4;

    readonly object _gate = new();
    readonly IReadOnlyList<StreamItem> _items;
    readonly Func<ChunkDecoder> _newDecoder;
    readonly Func<Tid, IEventVisitor> _visitorOf;
    readonly Dictionary<Tid, Lane> _lanes = [];
    readonly Queue<Lane> _ready = new();
    readonly Stack<TraceEvent[]> _buffers = new();
    readonly TimeWindow _window;
    readonly int _workers;
    int _next;
    int _ahead;
    int _working;
    Exception? _failure;

    /// <summary>A read of <paramref name="items"/> by <paramref name="workers"/>; each thread's visitor is asked for once, under a lock.</summary>
    public ParallelRead(IReadOnlyList<StreamItem> items, TimeWindow window, int workers, Func<ChunkDecoder> newDecoder, Func<Tid, IEventVisitor> visitorOf) =>
        (_items, _window, _workers, _newDecoder, _visitorOf) = (items, window, workers, newDecoder, visitorOf);

    /// <summary>Told of what was delivered.</summary>
    public ReadProgress? Progress { get; init; }

    /// <summary>Makes a loss of a damaged chunk, behind which its lane goes on; null: the lane ends.</summary>
    public Func<ChunkEntry, LostRecord>? GapAt { get; init; }

    /// <summary>The damaged chunks behind which lanes went on.</summary>
    public List<(ChunkEntry Chunk, TraceFormatException Why)> Skipped { get; } = [];

    /// <summary>The damage at the lowest offset; null without. Each lane ends at its first one.</summary>
    public (ChunkEntry Chunk, TraceFormatException Why)? Damage { get; private set; }

    /// <summary>Delivers everything.</summary>
    /// <exception cref="IOException">The source failed.</exception>
    public void Run()
    {
        Thread[] others = [.. Enumerable.Range(1, _workers - 1).Select(i => new Thread(Work) { Name = $"read {i}", IsBackground = true })];
        foreach (Thread other in others)
            other.Start();
        Work();
        foreach (Thread other in others)
            other.Join();
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
        foreach (Lane lane in _lanes.Values)
            Deliver(lane, lane.Order.Flush().Span);
    }

    void Work()
    {
        try
        {
            using ChunkDecoder decoder = _newDecoder();
            while (Claim() is { } part)
            {
                Action? deferred = null;
                if (part.IsDecoded)
                    deferred = Deliver(part);
                else
                    Decode(decoder, part);
                Release(part);
                deferred?.Invoke();
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // Thrown again by Run, when the others have ended.
    void Fail(Exception e)
    {
        lock (_gate)
        {
            _failure ??= e;
            Monitor.PulseAll(_gate);
        }
    }

    // The next thing to do; null when nothing is left or something failed.
    Part? Claim()
    {
        lock (_gate)
        {
            while (_failure is null)
            {
                if ((_ready.TryDequeue(out Lane? lane) ? lane.Parts.Peek() : NextToDecode()) is { } part)
                {
                    _working++;
                    return part;
                }

                if (_working == 0)
                    return null;
                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    Part? NextToDecode()
    {
        while (_next < _items.Count && _ahead < _workers * AheadPerWorker)
        {
            StreamItem item = _items[_next++];
            Lane lane = LaneOf(item.Thread);
            if (lane.IsOver || (item.IsEvents && !_window.Overlaps(item.Chunk)))
                continue;
            var part = new Part(lane, item) { IsDecoded = !item.IsEvents };
            lane.Parts.Enqueue(part);
            _ahead++;
            if (!part.IsDecoded)
                return part;
            if (MakeReady(lane))
                return _ready.Dequeue().Parts.Peek();
        }

        return null;
    }

    void Decode(ChunkDecoder decoder, Part part)
    {
        lock (_gate)
            part.Buffer = _buffers.TryPop(out TraceEvent[]? free) ? free : [];
        try
        {
            part.End = decoder.Decode(part.Item.Chunk, ThreadOrder.MaxHeld, ref part.Buffer);
            part.IsInOrder = decoder.IsInOrder;
        }
        catch (TraceFormatException damage)
        {
            part.Damage = damage;
        }
    }

    // Returns what is left to do when the lane is another's.
    Action? Deliver(Part part)
    {
        Lane lane = part.Lane;
        if (lane.IsOver)
            return null;
        Progress?.Add(part.Item.Chunk);
        if (part.Damage is { } damage)
        {
            DeliverDamage(part, damage);
        }
        else if (part.Item.IsEvents)
        {
            Span<TraceEvent> events = part.Buffer.AsSpan(ThreadOrder.MaxHeld - lane.Order.Held, part.End - ThreadOrder.MaxHeld + lane.Order.Held);
            Deliver(lane, events[..lane.Order.Take(events, part.IsInOrder)]);
        }
        else
        {
            Deliver(lane, lane.Order.Flush().Span);
            if (_window.Contains(part.Item.Lost.Time))
                lane.Visitor.OnLost(part.Item.Lost);
        }

        return (lane.Visitor as IDeferringVisitor)?.TakeDeferred();
    }

    void DeliverDamage(Part part, TraceFormatException damage)
    {
        if (GapAt is null)
            part.Lane.IsOver = true;
        else
        {
            Deliver(part.Lane, part.Lane.Order.Flush().Span);
            part.Lane.Visitor.OnLost(GapAt(part.Item.Chunk));
        }

        lock (_gate)
        {
            if (GapAt is not null)
                Skipped.Add((part.Item.Chunk, damage));
            else if (Damage is not { } known || part.Item.Chunk.Offset.Value < known.Chunk.Offset.Value)
                Damage = (part.Item.Chunk, damage);
        }
    }

    void Deliver(Lane lane, ReadOnlySpan<TraceEvent> events) => _window.Deliver(lane.Visitor, lane.Thread, events);

    void Release(Part part)
    {
        lock (_gate)
        {
            _working--;
            if (part.IsDecoded)
            {
                part.Lane.Parts.Dequeue();
                part.Lane.IsReady = false;
                _ahead--;
                if (part.Buffer.Length > 0)
                    _buffers.Push(part.Buffer);
            }
            else
            {
                part.IsDecoded = true;
            }

            MakeReady(part.Lane);
            Monitor.PulseAll(_gate);
        }
    }

    // A lane is ready from when its first part is decoded until that is delivered: so one worker at a time has it.
    bool MakeReady(Lane lane)
    {
        if (lane.IsReady || !lane.Parts.TryPeek(out Part? first) || !first.IsDecoded)
            return false;
        lane.IsReady = true;
        _ready.Enqueue(lane);
        return true;
    }

    Lane LaneOf(Tid thread)
    {
        if (!_lanes.TryGetValue(thread, out Lane? lane))
            _lanes.Add(thread, lane = new Lane(thread, _visitorOf(thread)));
        return lane;
    }

    sealed class Lane(Tid thread, IEventVisitor visitor)
    {
        public Tid Thread { get; } = thread;

        public IEventVisitor Visitor { get; } = visitor;

        public ThreadOrder Order { get; } = new();

        public Queue<Part> Parts { get; } = new();

        public bool IsReady { get; set; }

        public bool IsOver { get; set; }
    }

    sealed class Part(Lane lane, StreamItem item)
    {
        public TraceEvent[] Buffer = [];

        public Lane Lane { get; } = lane;

        public StreamItem Item { get; } = item;

        public int End { get; set; }

        public bool IsInOrder { get; set; }

        public bool IsDecoded { get; set; }

        public TraceFormatException? Damage { get; set; }
    }
}
