namespace Calltap.Symbols;

/// <summary>A payload, and the number of its kind.</summary>
internal readonly record struct NettraceBlob(int Kind, NettraceCursor Payload);
