namespace Calltap.Symbols;

/// <summary>
/// Reads MiniDebugInfo, as Fedora's and its relatives' packages have it: .gnu_debugdata holds an .xz stream of an ELF file with a .symtab of the
/// functions that .dynsym lacks (gdb manual, "MiniDebugInfo").
/// </summary>
internal static class MiniDebugInfo
{
    /// <param name="Symbols">Its .symtab, or null.</param>
    /// <param name="Rejected">Why the section does not serve, or null.</param>
    public readonly record struct Result(SymbolTable? Symbols, string? Rejected);

    public static Result Find(ElfFile file)
    {
        if (file.FindSection(".gnu_debugdata") is not { } section)
            return default;
        try
        {
            var image = ElfFileReader.Read(XzStream.Decompress(file, section), $"{file.Path}({section.Name})", file.Limits);
            var symbols = SymbolTable.Find(image, ElfConstants.ShtSymtab, FunctionSource.MiniDebugInfo);
            return new(symbols, symbols is null ? $"{section.Name} has no .symtab" : null);
        }
        catch (ElfFormatException fault)
        {
            return new(null, fault.Message);
        }
    }
}
