namespace Calltap.Native;

/// <summary>A thread at one moment in user code.</summary>
/// <param name="pc">Its rip.</param>
/// <param name="stackPointer">Its rsp.</param>
/// <param name="stack">What its stack held, from rsp to the end of what can be read, or <see cref="PcSampler.MaxStack"/> bytes.</param>
internal readonly ref struct PcSample(ulong pc, ulong stackPointer, ReadOnlySpan<byte> stack)
{
    internal ulong Pc { get; } = pc;

    internal ulong StackPointer { get; } = stackPointer;

    internal ReadOnlySpan<byte> Stack { get; } = stack;
}
