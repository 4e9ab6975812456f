namespace Calltap.Code.Emit;

/// <summary>
/// The trampolines of one arena: the machine code that sites' stubs call. Entry trampolines come twice: the second
/// form leaves the flags alone, for functions that provably overwrite them before reading them.
/// </summary>
/// <param name="Code">The bytes, to be placed at the address they were built for.</param>
/// <param name="Counting">What a stub that counts by itself refers to.</param>
/// <param name="GraphEntry">Records an entry.</param>
/// <param name="GraphEntryFlagsDead">The same without saving flags.</param>
/// <param name="GraphExit">Records an exit.</param>
/// <param name="CountEntry">Counts a call.</param>
/// <param name="CountEntryFlagsDead">The same without saving flags.</param>
/// <param name="ListEntry">Serves each op of the site's list.</param>
/// <param name="Caller">Saves all registers and asks each op, at an entry or an exit.</param>
public sealed record Trampolines(
    ReadOnlyMemory<byte> Code,
    CountingStub Counting,
    TargetAddress GraphEntry,
    TargetAddress GraphEntryFlagsDead,
    TargetAddress GraphExit,
    TargetAddress CountEntry,
    TargetAddress CountEntryFlagsDead,
    TargetAddress ListEntry,
    TargetAddress Caller);
