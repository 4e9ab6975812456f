namespace Calltap.Trace;

/// <summary>Payload of a chunk of records: their number, then one block with the records.</summary>
static class RecordChunk
{
    /// <summary>Appends the payload for <paramref name="count"/> records whose bytes are <paramref name="records"/>.</summary>
    public static void Write(int count, ReadOnlySpan<byte> records, BlockCodec codec, ByteWriter output)
    {
        output.Number((ulong)count);
        codec.Write(records, output);
    }

    /// <summary>Reads every record of a payload.</summary>
    /// <exception cref="TraceFormatException">The payload holds something else, or bytes are left over.</exception>
    public static List<T> Read<T>(ReadOnlySpan<byte> payload, BlockCodec codec, RecordBudget budget, ChunkPlace place)
        where T : IRecord<T>
    {
        var chunk = new ByteReader(payload, place);
        List<T> records = ReadNext<T>(ref chunk, codec, budget, place);
        return chunk.Left == 0 ? records : throw place.Expected("no bytes behind the records");
    }

    /// <summary>Reads number and block at <paramref name="chunk"/> and leaves it behind them.</summary>
    /// <exception cref="TraceFormatException">The payload holds something else.</exception>
    public static List<T> ReadNext<T>(ref ByteReader chunk, BlockCodec codec, RecordBudget budget, ChunkPlace place)
        where T : IRecord<T>
    {
        int count = chunk.Number(TraceLimits.MaxBlockBytes, "a number of records");
        ReadOnlySpan<byte> bytes = codec.Read(ref chunk, place);
        budget.Take(count, bytes.Length, place);
        var block = new ByteReader(bytes, place);
        var records = new List<T>();
        while (records.Count < count)
            records.Add(T.Read(ref block));
        return block.Left == 0 ? records : throw place.Expected("no bytes behind the last record");
    }
}
