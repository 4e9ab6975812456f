namespace Calltap.Native;

/// <summary>A thread at one moment in user code.</summary>
/// <param name="Pc">Its rip.</param>
/// <param name="StackPointer">Its rsp.</param>
internal readonly record struct PcSample(ulong Pc, ulong StackPointer);
