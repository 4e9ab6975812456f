namespace Calltap.Managed;

/// <summary>What a runtime says of itself and its process.</summary>
/// <param name="Id">The process's id as it knows it, in its own namespace.</param>
/// <param name="CommandLine">Its arguments, separated by blanks.</param>
/// <param name="Architecture">Such as <c>x64</c>.</param>
/// <param name="EntryAssembly">The assembly with Main; null before .NET 6.</param>
/// <param name="Version">Of the runtime, such as <c>10.0.12</c>, maybe with the commit behind a plus; null before .NET 6.</param>
/// <param name="RuntimeIdentifier">Such as <c>linux-x64</c>; null before .NET 8.</param>
public sealed record DotNetIdentity(long Id, string CommandLine, string Architecture, string? EntryAssembly, string? Version, string? RuntimeIdentifier);
