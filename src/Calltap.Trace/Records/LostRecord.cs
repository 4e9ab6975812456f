namespace Calltap.Trace;

/// <summary>Events of a thread id that were not recorded, counted since the start of the trace. It stands between the events before and after the loss.</summary>
/// <param name="Thread">The thread.</param>
/// <param name="Time">When the tracer saw it.</param>
/// <param name="Entries">Entry events that found the ring full.</param>
/// <param name="Exits">Exit events that found the ring full.</param>
/// <param name="Holes">Events reserved and never written, of unknown kind (<see cref="RingReader.SkippedHoles"/>).</param>
public readonly record struct LostRecord(Tid Thread, TscTime Time, long Entries, long Exits, long Holes) : IRecord<LostRecord>
{
    static ChunkType IRecord<LostRecord>.Chunk => ChunkType.Lost;

    void IRecord<LostRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Thread.Value);
        output.Word64(Time.Value);
        output.Number((ulong)Entries);
        output.Number((ulong)Exits);
        output.Number((ulong)Holes);
    }

    static LostRecord IRecord<LostRecord>.Read(ref ByteReader input) => new(
        new Tid(input.Number(int.MaxValue, "a thread id")),
        new TscTime(input.Word64()),
        ReadCount(ref input),
        ReadCount(ref input),
        ReadCount(ref input));

    // Below 2^48, so that sums over threads cannot overflow; no machine loses that many events.
    static long ReadCount(ref ByteReader input) => (long)(input.Number() & ((1UL << 48) - 1));
}
