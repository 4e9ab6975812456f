namespace Calltap.Symbols;

/// <summary>An event of a nettrace stream.</summary>
/// <param name="Provider">Who wrote it: <c>Microsoft-Windows-DotNETRuntimeRundown</c>.</param>
/// <param name="Id">Its number among the provider's.</param>
/// <param name="Version">Of its payload.</param>
/// <param name="Payload">A part of the stream's bytes.</param>
/// <param name="Offset">Where the payload is in the stream.</param>
public readonly record struct NettraceEvent(string Provider, int Id, int Version, ReadOnlyMemory<byte> Payload, long Offset);
