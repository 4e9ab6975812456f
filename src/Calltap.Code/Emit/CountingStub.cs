namespace Calltap.Code.Emit;

/// <summary>What the code of a stub that counts by itself refers to.</summary>
/// <param name="TablePointer">Where the arena keeps the address of the thread table's first slot: a qword, behind the trampolines.</param>
/// <param name="TidOffset">Offset from the thread pointer at which libc keeps the tid.</param>
public readonly record struct CountingStub(TargetAddress TablePointer, int TidOffset);
