namespace Calltap.Trace;

/// <summary>Where a chunk is, for messages.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Offset">Start of the chunk.</param>
readonly record struct ChunkPlace(string File, FileOffset Offset)
{
    /// <summary>The exception that says what should have been in this chunk.</summary>
    public TraceFormatException Expected(string expectation) => new(File, Offset, expectation);

    /// <summary>The same, with its cause.</summary>
    public TraceFormatException Expected(string expectation, Exception cause) => new(File, Offset, expectation, cause);
}
