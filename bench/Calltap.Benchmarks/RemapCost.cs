namespace Calltap.Benchmarks;

/// <summary>What flipping sites by mapping a patched copy over the text costs.</summary>
/// <param name="Sites">Sites that change with one call: those of one instruction.</param>
/// <param name="Text">The text that is mapped anew.</param>
/// <param name="Microseconds">Each flip, from asking the helper to its answer.</param>
/// <param name="Stall">The longest time a thread was kept from its work over all flips, run delay taken off.</param>
/// <param name="MappedAs">What /proc/PID/maps then calls the text.</param>
sealed record RemapCost(int Sites, ByteSize Text, IReadOnlyList<double> Microseconds, TimeSpan Stall, string MappedAs);
