namespace Calltap.Trace;

/// <summary>Which thread of which process the id of a thread in the file stands for.</summary>
/// <param name="Thread">The id in the file: the tid, or from <see cref="FirstMade"/> on one that was made because the tid stands for a thread of another process already.</param>
/// <param name="Tid">The thread's own id.</param>
/// <param name="Process">The record of its process.</param>
public readonly record struct TaskRecord(Tid Thread, Tid Tid, int Process) : IRecord<TaskRecord>
{
    /// <summary>Behind every tid that Linux gives (PID_MAX_LIMIT).</summary>
    public const int FirstMade = 1 << 22;

    static ChunkType IRecord<TaskRecord>.Chunk => ChunkType.Tasks;

    void IRecord<TaskRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Thread.Value);
        output.Number((ulong)Tid.Value);
        output.Number((ulong)Process);
    }

    static TaskRecord IRecord<TaskRecord>.Read(ref ByteReader input) => new(
        new Tid(input.Number(int.MaxValue, "a thread id")),
        new Tid(input.Number(int.MaxValue, "a thread id")),
        input.Positive(int.MaxValue, "a process record's id"));
}
