namespace Calltap.Code.Emit;

/// <summary>Where the shared parts of a session are in the target: what its trampolines are built from.</summary>
/// <param name="ThreadTable">Address of the thread table (<see cref="ThreadSlotLayout"/>).</param>
/// <param name="SessionMemory">Address of the shared session memory.</param>
/// <param name="Layout">Its layout.</param>
/// <param name="OpLists">Address of the op lists (<see cref="OpListLayout"/>).</param>
/// <param name="Thread">What libc keeps behind the thread pointer, verified for every thread.</param>
public sealed record TrampolineOptions(
    TargetAddress ThreadTable,
    TargetAddress SessionMemory,
    SessionMemoryLayout Layout,
    TargetAddress OpLists,
    ThreadDescriptorLayout Thread)
{
    /// <summary>Whether an arena ends in a table of instructions that may fault (<see cref="FaultHandlerEmitter"/>).</summary>
    public bool ForwardsFaults { get; init; }
}
