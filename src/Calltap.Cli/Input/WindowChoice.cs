using Calltap.Patching;

namespace Calltap.Cli.Input;

/// <summary>What happens to threads while functions are armed and disarmed.</summary>
/// <param name="Int3">What a thread does that meets a breakpoint of ours.</param>
/// <param name="WithoutPtrace">Nobody is traced meanwhile.</param>
sealed record WindowChoice(Int3Policy Int3, bool WithoutPtrace);
