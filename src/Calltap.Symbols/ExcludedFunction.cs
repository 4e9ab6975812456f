namespace Calltap.Symbols;

/// <summary>Something that looks like a function but is never offered for tracing.</summary>
/// <param name="Address">Its first byte.</param>
/// <param name="Size">Length in bytes; 0 when unknown.</param>
/// <param name="Name">Its preferred name, mangled, or null.</param>
/// <param name="Reason">Why, in words for the user.</param>
public sealed record ExcludedFunction(ImageAddress Address, ByteSize Size, string? Name, string Reason);
