namespace Calltap.Trace;

/// <summary>Where a chunk is; for events also of whom, when and how many.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="Offset">Where its header starts.</param>
/// <param name="Length">Payload bytes.</param>
/// <param name="Thread">The thread of an events chunk.</param>
/// <param name="First">Time of its first event.</param>
/// <param name="Last">Time of its last event.</param>
/// <param name="Count">Number of its events.</param>
public readonly record struct ChunkEntry(
    ChunkType Type, FileOffset Offset, ByteSize Length, Tid Thread, TscTime First, TscTime Last, int Count) : IRecord<ChunkEntry>
{
    static ChunkType IRecord<ChunkEntry>.Chunk => ChunkType.End;

    void IRecord<ChunkEntry>.Write(ByteWriter output)
    {
        output.Number((ulong)Type);
        output.Number((ulong)Offset.Value);
        output.Number((ulong)Length.Value);
        if (Type != ChunkType.Events)
            return;
        output.Number((ulong)Thread.Value);
        output.Word64(First.Value);
        output.Word64(Last.Value);
        output.Number((ulong)Count);
    }

    static ChunkEntry IRecord<ChunkEntry>.Read(ref ByteReader input)
    {
        var type = (ChunkType)input.Number(ushort.MaxValue, "a chunk type");
        var offset = new FileOffset((long)(input.Number() & long.MaxValue));
        var length = new ByteSize(input.Number(TraceLimits.MaxChunkBytes, "a chunk length"));
        if (type != ChunkType.Events)
            return new ChunkEntry(type, offset, length, default, default, default, 0);
        var thread = new Tid(input.Number(int.MaxValue, "a thread id"));
        var first = new TscTime(input.Word64());
        return new ChunkEntry(type, offset, length, thread, first, new TscTime(input.Word64()), input.Number(TraceLimits.MaxEventsPerChunk, "an event count"));
    }
}
