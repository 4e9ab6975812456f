namespace Calltap.Symbols;

/// <summary>One symbol that stands in code.</summary>
/// <param name="Address">st_value.</param>
/// <param name="Size">st_size in bytes.</param>
/// <param name="NameOffset">st_name.</param>
/// <param name="Scope">Counts the STT_FILE symbols before it: local symbols of one source file share it.</param>
/// <param name="Type">STT_.</param>
/// <param name="Binding">STB_.</param>
/// <param name="Table">Index of the table it comes from.</param>
internal readonly record struct ElfSymbol(ulong Address, ulong Size, uint NameOffset, int Scope, byte Type, byte Binding, byte Table)
{
    public bool IsFunction => Type is ElfConstants.SttFunc or ElfConstants.SttGnuIfunc;

    public bool IsIfunc => Type == ElfConstants.SttGnuIfunc;

    public bool IsLocal => Binding == ElfConstants.StbLocal;
}
