namespace Calltap.Trace;

/// <summary>A record that knows its bytes. Reading validates ranges; it never trusts a number.</summary>
interface IRecord<TSelf>
    where TSelf : IRecord<TSelf>
{
    /// <summary>The chunk such records live in.</summary>
    static abstract ChunkType Chunk { get; }

    /// <summary>Appends the record.</summary>
    void Write(ByteWriter output);

    /// <summary>Reads one record.</summary>
    /// <exception cref="TraceFormatException">The bytes are no such record.</exception>
    static abstract TSelf Read(ref ByteReader input);
}
