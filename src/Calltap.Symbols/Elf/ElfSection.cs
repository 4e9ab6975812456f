namespace Calltap.Symbols;

/// <summary>A section header (Elf64_Shdr) with its name.</summary>
internal sealed record ElfSection(string Name, uint Type, ulong Flags, ulong Address, ulong Offset, ulong Size, uint Link)
{
    public bool IsCode => (Flags & (ElfConstants.ShfAlloc | ElfConstants.ShfExecinstr)) == (ElfConstants.ShfAlloc | ElfConstants.ShfExecinstr) && Size > 0;

    public bool IsAllocated => (Flags & ElfConstants.ShfAlloc) != 0;

    // Debug files keep the headers of sections whose bytes they do not have.
    public bool HasBytes => Type != ElfConstants.ShtNobits;
}
