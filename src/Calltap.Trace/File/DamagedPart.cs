namespace Calltap.Trace;

/// <summary>A part of a trace file that was skipped because it is damaged.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Expectation">What should have been there.</param>
public readonly record struct DamagedPart(FileOffset Offset, ByteSize Size, string Expectation);
