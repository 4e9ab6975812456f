namespace Calltap.Trace;

/// <summary>How far a read is; another thread may look.</summary>
public sealed class ReadProgress
{
    long _done;
    long _all;

    /// <summary>From 0 to 1; 0 before a read.</summary>
    public double Share => Volatile.Read(ref _all) is var all and > 0 ? Math.Min(1.0, (double)Volatile.Read(ref _done) / all) : 0;

    internal void Begin(IEnumerable<ChunkEntry> chunks)
    {
        Volatile.Write(ref _done, 0);
        Volatile.Write(ref _all, chunks.Sum(chunk => chunk.Length.Value));
    }

    internal void Add(in ChunkEntry chunk) => Interlocked.Add(ref _done, chunk.Length.Value);
}
