namespace Calltap.Symbols;

/// <summary>What a perf map calls a method.</summary>
/// <param name="Assembly">The simple name of its assembly.</param>
/// <param name="Name">As <see cref="ManagedNames"/> writes it.</param>
/// <param name="Plain">The same without parameters.</param>
/// <param name="Tier">How it was compiled, as the runtime calls it: <c>QuickJitted</c>, <c>OptimizedTier1</c>; empty when that is not said.</param>
public sealed record ManagedName(string Assembly, string Name, string Plain, string Tier);
