namespace Calltap.Symbols;

/// <summary>IMAGE_SECTION_HEADER, as far as it says what is mapped where.</summary>
/// <param name="Address">VirtualAddress, relative to the image's base.</param>
/// <param name="MemorySize">VirtualSize.</param>
/// <param name="Offset">PointerToRawData.</param>
/// <param name="FileSize">SizeOfRawData.</param>
/// <param name="Characteristics">IMAGE_SCN_ flags.</param>
internal sealed record PeSection(uint Address, uint MemorySize, uint Offset, uint FileSize, uint Characteristics)
{
    private const uint Discardable = 0x0200_0000, Execute = 0x2000_0000, Read = 0x4000_0000, Write = 0x8000_0000;

    public bool IsExecutable => (Characteristics & Execute) != 0;

    /// <summary>The relocations: of use to the loader alone.</summary>
    public bool IsDiscardable => (Characteristics & Discardable) != 0;

    /// <summary>Behind the last byte that both the file and the memory have.</summary>
    public ulong End => (ulong)Address + Math.Min(MemorySize, FileSize);

    public LoadSegment ToSegment() => new(
        new(Address), new(MemorySize), new(Offset), new(FileSize), (Characteristics & Read) != 0, (Characteristics & Write) != 0, IsExecutable);
}
