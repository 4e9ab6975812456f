using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>Reads what an ELF64 x86-64 executable or library says about its code.</summary>
public static class ModuleSymbolReader
{
    /// <summary>Reads a module.</summary>
    /// <param name="image">The whole file; must stay unchanged and valid as long as the result is used.</param>
    /// <param name="path">Its path, for messages and to find the debug file beside it.</param>
    /// <param name="openFile">Gives the content of a file, null or empty when there is none; asked for debug files only when names are missing.</param>
    /// <param name="limits">Bounds; null for <see cref="ElfLimits.Default"/>.</param>
    /// <exception cref="ElfFormatException">The file is damaged, or of another kind; damaged debug files are only reported in the hint.</exception>
    public static ModuleSymbols Read(
        ReadOnlyMemory<byte> image, string path, Func<string, ReadOnlyMemory<byte>?> openFile, ElfLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(openFile);
        var file = ElfFileReader.Read(image, path, limits ?? ElfLimits.Default);
        var buildId = BuildIdNote.Read(file);
        var own = SymbolTable.Find(file, ShtSymtab, FunctionSource.Symtab);
        var debug = own is null ? DebugFiles.Find(file, buildId, openFile) : default;
        var mini = own is null && debug.Symbols is null ? MiniDebugInfo.Find(file) : default;
        var symtab = own ?? debug.Symbols ?? mini.Symbols;
        var go = GoFunctionTable.Find(file, out var unreadableGo);
        var code = CodeMap.OfCode(file);
        var plt = CodeMap.OfPlt(file);
        var fdes = EhFrame.Read(file, code);
        var dynamic = DynamicTable.Read(file);
        var landingPads = LandingPads.Read(file, code, fdes);
        var symbols = ReadSymbols(file, symtab ?? (ISymbolTable?)go, code);
        var lists = FunctionLists.Build(file, symbols, fdes, code, plt, landingPads);
        return new(file)
        {
            BuildId = buildId,
            HasSymtab = symtab is not null,
            NamesHint = symtab is not null || go is not null ? null : NamesHint(buildId, debug.Rejected ?? mini.Rejected ?? unreadableGo),
            IsGo = GoFunctionTable.IsIn(file),
            GoCode = GoFunctionTable.IsIn(file) ? go?.CodeRanges ?? code.Ranges : [],
            LoadSegments = [.. file.Segments.Where(s => s.Type == PtLoad).Select(LoadSegment)],
            Functions = lists.Functions,
            Excluded = lists.Excluded,
            UnownedFragments = lists.UnownedFragments,
            OtherCodeLabels = lists.OtherCodeLabels,
            LandingPads = landingPads.Pads,
            CodePointers = CodePointers.Read(file, code, dynamic),
            HasTextRelocations = dynamic.HasTextRelocations,
            RseqRanges = AddressSections.RseqRanges(file, code),
            PatchableEntries = AddressSections.PatchableEntries(file, code),
            CodeRanges = code.Ranges,
            PltRanges = plt.Ranges,
        };
    }

    // .dynsym is a part of .symtab, unless somebody stripped the latter by hand.
    private static SymbolSet ReadSymbols(ElfFile file, ISymbolTable? names, CodeMap code)
    {
        var dynsym = SymbolTable.Find(file, ShtDynsym, FunctionSource.Dynsym);
        ISymbolTable?[] tables = [names, dynsym];
        return SymbolSet.Read([.. tables.OfType<ISymbolTable>()], code, file.Limits);
    }

    private static LoadSegment LoadSegment(ElfSegment s) => new(
        new(s.Address),
        new((long)s.MemorySize),
        new((long)s.Offset),
        new((long)s.FileSize),
        (s.Flags & PfR) != 0,
        (s.Flags & PfW) != 0,
        (s.Flags & PfX) != 0);

    private static string NamesHint(string? buildId, string? rejected)
    {
        var hint = "install its debug symbols (package -dbgsym, -dbg or -debuginfo), or build it without -s and do not strip it";
        if (buildId is not null)
            hint += $"; build-id {buildId}";
        return rejected is null ? hint : $"{hint}; not used: {rejected}";
    }
}
