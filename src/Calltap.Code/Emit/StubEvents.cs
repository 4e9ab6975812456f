namespace Calltap.Code.Emit;

/// <summary>What a stub calls: trampolines and their operands.</summary>
/// <param name="EntryTrampoline">Called before the displaced instructions of an entry; null at an exit.</param>
/// <param name="EntryOperand">Its operand: site id, or counter index for the count form.</param>
/// <param name="CountsItself">
/// The stub counts by itself, and calls the entry's trampoline only on a thread's first call.
/// </param>
/// <param name="ExitTrampoline">Called before the function is left; null where exits are not recorded.</param>
/// <param name="ExitOperand">Its operand: the exit's site id.</param>
public readonly record struct StubEvents(
    TargetAddress? EntryTrampoline, uint EntryOperand, bool CountsItself, TargetAddress? ExitTrampoline, uint ExitOperand);
