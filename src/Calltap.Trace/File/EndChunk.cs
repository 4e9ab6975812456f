using System.Buffers.Binary;

namespace Calltap.Trace;

/// <summary>
/// Payload of the last chunk: number of events, the index as records, and as the file's last 8 bytes the chunk's own offset, by
/// which a reader finds it.
/// </summary>
static class EndChunk
{
    /// <summary>Appends the payload. An index that is too large is left out; readers then scan, as they do after a cut.</summary>
    public static void Write(ChunkWriter chunks, long events, BlockCodec codec, ByteWriter records, ByteWriter output)
    {
        int count = 0;
        foreach (ChunkEntry entry in chunks.Chunks)
        {
            WriteEntry(entry, records);
            count++;
        }

        if (records.Length > TraceLimits.MaxBlockBytes)
        {
            records.Clear();
            count = 0;
        }

        output.Number((ulong)events);
        RecordChunk.Write(count, records.Written, codec, output);
        output.Word64((ulong)chunks.Position);
    }

    /// <summary>The index in a payload; empty when it was left out.</summary>
    /// <exception cref="TraceFormatException">The payload holds something else.</exception>
    public static List<ChunkEntry> Read(ReadOnlySpan<byte> payload, BlockCodec codec, RecordBudget budget, ChunkPlace place)
    {
        var input = new ByteReader(payload, place);
        input.Number();
        List<ChunkEntry> entries = RecordChunk.ReadNext<ChunkEntry>(ref input, codec, budget, place);
        // A chunk named twice would be read twice; a million times, for ever.
        for (int i = 1; i < entries.Count; i++)
            if (entries[i].Offset <= entries[i - 1].Offset)
                throw place.Expected("an index in the order of the file");
        return input.Left == TraceFormat.FooterBytes ? entries : throw place.Expected("the footer behind the index");
    }

    /// <summary>Where the footer at the end of the file says that the end chunk starts.</summary>
    public static FileOffset ReadFooter(ReadOnlySpan<byte> footer) =>
        new((long)(BinaryPrimitives.ReadUInt64LittleEndian(footer) & long.MaxValue));

    static void WriteEntry<T>(T entry, ByteWriter output)
        where T : IRecord<T> => entry.Write(output);
}
