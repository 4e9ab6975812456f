namespace Calltap.Symbols;

/// <summary>A program header (Elf64_Phdr) as the file has it.</summary>
internal readonly record struct ElfSegment(uint Type, uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize);
