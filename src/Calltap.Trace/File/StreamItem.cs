namespace Calltap.Trace;

/// <summary>A part of the trace that belongs to one thread: a chunk of events, or a loss.</summary>
/// <param name="Chunk">The chunk, of type <see cref="ChunkType.Events"/>; otherwise <paramref name="Lost"/> holds.</param>
/// <param name="Lost">The loss.</param>
readonly record struct StreamItem(ChunkEntry Chunk, LostRecord Lost)
{
    /// <summary>Whether this is a chunk of events.</summary>
    public bool IsEvents => Chunk.Type == ChunkType.Events;

    /// <summary>Whose it is.</summary>
    public Tid Thread => IsEvents ? Chunk.Thread : Lost.Thread;
}
