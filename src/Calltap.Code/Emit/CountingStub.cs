namespace Calltap.Code.Emit;

/// <summary>What the code of a stub that counts by itself refers to.</summary>
/// <param name="TablePointer">Where the arena keeps the address of the thread table's first slot: a qword, behind the trampolines.</param>
/// <param name="Thread">How a thread is known.</param>
public readonly record struct CountingStub(TargetAddress TablePointer, ThreadDescriptorLayout Thread);
