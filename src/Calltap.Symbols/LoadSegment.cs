namespace Calltap.Symbols;

/// <summary>A PT_LOAD program header, or a section of a .NET assembly: what the loader maps where.</summary>
/// <param name="Address">Link-time address of the first byte.</param>
/// <param name="MemorySize">Bytes in memory; those past <paramref name="FileSize"/> are zero.</param>
/// <param name="Offset">Where its bytes start in the file.</param>
/// <param name="FileSize">Bytes that come from the file.</param>
/// <param name="Readable">PF_R.</param>
/// <param name="Writable">PF_W.</param>
/// <param name="Executable">PF_X.</param>
public sealed record LoadSegment(
    ImageAddress Address,
    ByteSize MemorySize,
    FileOffset Offset,
    ByteSize FileSize,
    bool Readable,
    bool Writable,
    bool Executable);
