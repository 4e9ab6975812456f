namespace Calltap.Trace;

/// <summary>One moment on both clocks.</summary>
/// <param name="Tsc">The time-stamp counter.</param>
/// <param name="Monotonic">CLOCK_MONOTONIC at that moment.</param>
public readonly record struct ClockRecord(TscTime Tsc, MonotonicNs Monotonic) : IRecord<ClockRecord>
{
    static ChunkType IRecord<ClockRecord>.Chunk => ChunkType.Clock;

    void IRecord<ClockRecord>.Write(ByteWriter output)
    {
        output.Word64(Tsc.Value);
        output.Word64((ulong)Monotonic.Value);
    }

    static ClockRecord IRecord<ClockRecord>.Read(ref ByteReader input) =>
        new(new TscTime(input.Word64()), new MonotonicNs((long)(input.Word64() & long.MaxValue)));
}
