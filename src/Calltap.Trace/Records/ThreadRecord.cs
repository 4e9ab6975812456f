namespace Calltap.Trace;

/// <summary>A thread of the target; a later record of the same id replaces the name.</summary>
/// <param name="Id">The thread.</param>
/// <param name="Name">Its comm.</param>
public sealed record ThreadRecord(Tid Id, string Name) : IRecord<ThreadRecord>
{
    static ChunkType IRecord<ThreadRecord>.Chunk => ChunkType.Threads;

    void IRecord<ThreadRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Id.Value);
        output.Text(Name);
    }

    static ThreadRecord IRecord<ThreadRecord>.Read(ref ByteReader input) =>
        new(new Tid(input.Number(int.MaxValue, "a thread id")), input.Text());
}
