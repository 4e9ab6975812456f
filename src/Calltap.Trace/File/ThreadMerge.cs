namespace Calltap.Trace;

/// <summary>Merges the parts of several threads by time. A chunk is decoded when its first event's turn comes.</summary>
sealed class ThreadMerge
{
    readonly DecodeChunk _decode;
    readonly PriorityQueue<Cursor, ulong> _queue = new();
    readonly Action<ChunkEntry> _refuse;
    readonly Func<ChunkEntry, LostRecord>? _gapAt;
    readonly Stack<TraceEvent[]> _buffers = new();
    long _decoded;

    /// <summary>
    /// A merge of <paramref name="threads"/>. <paramref name="refuse"/> is told of a chunk that would be one too many in memory; its thread ends there.
    /// So does it at a damaged chunk, unless <paramref name="gapAt"/> makes a loss of it.
    /// </summary>
    public ThreadMerge(DecodeChunk decode, Action<ChunkEntry> refuse, IEnumerable<IGrouping<Tid, StreamItem>> threads, Func<ChunkEntry, LostRecord>? gapAt = null)
    {
        (_decode, _refuse, _gapAt) = (decode, refuse, gapAt);
        foreach (IGrouping<Tid, StreamItem> thread in threads)
            _queue.Enqueue(new Cursor([.. thread]), 0);
    }

    /// <summary>Decodes a chunk into a buffer, in order with those before, or returns null when it is damaged.</summary>
    public delegate ReadOnlyMemory<TraceEvent>? DecodeChunk(ChunkEntry chunk, ThreadOrder order, ref TraceEvent[] buffer);

    /// <summary>Delivers everything.</summary>
    public void Run(IEventVisitor visitor)
    {
        _queue.TryDequeue(out Cursor? cursor, out _);
        while (cursor is not null)
        {
            ulong until = _queue.TryPeek(out _, out ulong other) ? other : ulong.MaxValue;
            if (Advance(cursor, until, visitor) is { } next)
                cursor = _queue.EnqueueDequeue(cursor, next.Value);
            else
                _queue.TryDequeue(out cursor, out _);
        }
    }

    // Delivers up to the time at which another thread has its turn; returns when this thread's turn is next, null at its end.
    TscTime? Advance(Cursor cursor, ulong until, IEventVisitor visitor)
    {
        while (true)
        {
            ReadOnlySpan<TraceEvent> left = cursor.Left;
            if (!left.IsEmpty)
            {
                int run = RunUntil(left, until);
                if (run == 0)
                    return left[0].Time;
                visitor.OnEvents(cursor.Thread, left[..run]);
                cursor.Delivered += run;
                continue;
            }

            Recycle(cursor);
            bool isEvents = cursor.Next < cursor.Items.Length && cursor.Items[cursor.Next].IsEvents;
            if (cursor.Order.Held > 0 && !isEvents)
                cursor.Begin(cursor.Order.Flush());
            else if (cursor.Next == cursor.Items.Length)
                return null;
            else if (isEvents && cursor.NextTime.Value > until)
                return cursor.NextTime;
            else if (!Open(cursor, visitor))
                cursor.Next = cursor.Items.Length;
        }
    }

    bool Open(Cursor cursor, IEventVisitor visitor)
    {
        StreamItem item = cursor.Items[cursor.Next++];
        if (!item.IsEvents)
        {
            visitor.OnLost(item.Lost);
            return true;
        }

        if (_decoded + item.Chunk.Count > TraceLimits.MaxMergedEvents)
        {
            _refuse(item.Chunk);
            return false;
        }

        TraceEvent[] buffer = _buffers.TryPop(out TraceEvent[]? free) ? free : [];
        ReadOnlyMemory<TraceEvent>? events = _decode(item.Chunk, cursor.Order, ref buffer);
        cursor.Buffer = buffer;
        _decoded += buffer.Length;
        cursor.Begin(events ?? default);
        if (events is not null || _gapAt is null)
            return events is not null;
        cursor.Items[--cursor.Next] = new StreamItem(default, _gapAt(item.Chunk));
        return true;
    }

    void Recycle(Cursor cursor)
    {
        if (cursor.Buffer is null)
            return;
        _decoded -= cursor.Buffer.Length;
        _buffers.Push(cursor.Buffer);
        cursor.Buffer = null;
    }

    static int RunUntil(ReadOnlySpan<TraceEvent> events, ulong until)
    {
        int run = 0;
        while (run < events.Length && events[run].Time.Value <= until)
            run++;
        return run;
    }

    sealed class Cursor(StreamItem[] items)
    {
        ReadOnlyMemory<TraceEvent> _events;

        public StreamItem[] Items { get; } = items;

        public Tid Thread { get; } = items[0].Thread;

        public int Next { get; set; }

        public ThreadOrder Order { get; } = new();

        public TscTime NextTime => Order.Held > 0 ? Order.First : Items[Next].Chunk.First;

        public TraceEvent[]? Buffer { get; set; }

        public ReadOnlySpan<TraceEvent> Left => _events.Span[Delivered..];

        public int Delivered { get; set; } // of the events begun

        public void Begin(ReadOnlyMemory<TraceEvent> events) => (_events, Delivered) = (events, 0);
    }
}
