namespace Calltap.Trace;

/// <summary>The payload of an events chunk: a fixed header, then the three columns as blocks. Not thread-safe.</summary>
sealed class EventsChunk : IDisposable
{
    readonly EventEncoder _encoder = new();
    readonly EventDecoder _decoder = new();
    readonly EventColumns _columns = new();
    readonly BlockCodec _codec = new();

    /// <inheritdoc cref="EventDecoder.IsInOrder"/>
    public bool IsInOrder => _decoder.IsInOrder;

    /// <summary>Appends the payload for <paramref name="events"/> (at least one) of <paramref name="thread"/>.</summary>
    public void Write(Tid thread, ReadOnlySpan<TraceEvent> events, ByteWriter output)
    {
        _encoder.Encode(events, _columns);
        output.Word32((uint)thread.Value);
        output.Word32((uint)events.Length);
        output.Word64(events[0].Time.Value);
        output.Word64(events[^1].Time.Value);
        _codec.Write(_columns.Control, output);
        _codec.Write(_columns.Low, output);
        _codec.Write(_columns.Extra, output);
    }

    /// <summary>What the fixed header says, without decoding.</summary>
    /// <exception cref="TraceFormatException">Numbers out of range.</exception>
    public static ChunkEntry ReadEntry(ReadOnlySpan<byte> payload, ChunkEntry entry, ChunkPlace place)
    {
        var input = new ByteReader(payload, place);
        uint thread = input.Word32();
        uint count = input.Word32();
        if (thread > int.MaxValue || count is 0 or > TraceLimits.MaxEventsPerChunk)
            throw place.Expected($"a thread id and 1 to {TraceLimits.MaxEventsPerChunk} events");
        var first = new TscTime(input.Word64());
        return entry with { Thread = new Tid((int)thread), Count = (int)count, First = first, Last = new TscTime(input.Word64()) };
    }

    /// <summary>Decodes a payload into <paramref name="events"/> from <paramref name="at"/> on, grown when too small. Returns the end.</summary>
    /// <exception cref="TraceFormatException">It is not a payload that <see cref="Write"/> makes.</exception>
    public int Read(ReadOnlySpan<byte> payload, int at, ref TraceEvent[] events, ChunkPlace place)
    {
        ChunkEntry entry = ReadEntry(payload, default, place);
        var input = new ByteReader(payload[TraceFormat.EventsHeaderBytes..], place);
        ReadColumns(ref input, entry.Count, place);
        int end = at + entry.Count;
        if (events.Length < end)
            events = new TraceEvent[end];
        if (!_decoder.TryDecode(_columns, entry.First, events.AsSpan(at, entry.Count)))
            throw place.Expected("as many extra bytes as the events use");
        return end;
    }

    /// <inheritdoc/>
    public void Dispose() => _codec.Dispose();

    void ReadColumns(ref ByteReader input, int count, ChunkPlace place)
    {
        _columns.Resize(count, 0);
        ReadColumn(ref input, _columns.Control, place);
        ReadColumn(ref input, _columns.Low, place);
        (byte how, int length) = BlockCodec.ReadHead(ref input);
        if (length > count * EventColumns.MaxExtraPerEvent)
            throw place.Expected("no more extra bytes than the events can use");
        _columns.Resize(count, length);
        _codec.Unpack(how, ref input, _columns.Extra, place);
        if (input.Left != 0)
            throw place.Expected("no bytes behind the columns");
    }

    void ReadColumn(ref ByteReader input, Span<byte> column, ChunkPlace place)
    {
        (byte how, int length) = BlockCodec.ReadHead(ref input);
        if (length != column.Length)
            throw place.Expected("one byte per event in a column");
        _codec.Unpack(how, ref input, column, place);
    }
}
