namespace Calltap.Symbols;

/// <summary>What an ELF image says about its code. Immutable; any thread may read it. All lists are sorted by address.</summary>
public sealed class ModuleSymbols
{
    private readonly ElfFile _file;

    internal ModuleSymbols(ElfFile file) => _file = file;

    /// <summary>The path given to the reader.</summary>
    public string Path => _file.Path;

    /// <summary>NT_GNU_BUILD_ID as lower-case hex, or null.</summary>
    public required string? BuildId { get; init; }

    /// <summary>ET_DYN: a library or a position-independent executable, loaded with a bias.</summary>
    public bool IsPositionIndependent => _file.IsPositionIndependent;

    /// <summary>Its code itself is relocated: numbers in it may become addresses.</summary>
    public required bool HasTextRelocations { get; init; }

    /// <summary>Has a dynamic segment (static position-independent executables do, too).</summary>
    public bool IsDynamic => _file.HasSegment(ElfConstants.PtDynamic);

    /// <summary>Names an interpreter (ld.so): an executable, or a library that can be run.</summary>
    public bool HasInterpreter => _file.HasSegment(ElfConstants.PtInterp);

    /// <summary>e_entry; 0 when there is none.</summary>
    public ImageAddress EntryPoint => new(_file.EntryPoint);

    /// <summary>Whether function names come from a .symtab, the image's own or that of its debug file, or the one in .gnu_debugdata.</summary>
    public required bool HasSymtab { get; init; }

    /// <summary>How to get the names that are missing, in words for the user; null when <see cref="HasSymtab"/>, or when Go's table has them.</summary>
    public required string? NamesHint { get; init; }

    /// <summary>Built by the Go toolchain, whose goroutines keep interrupted contexts in the heap.</summary>
    public required bool IsGo { get; init; }

    /// <summary>Where Go's own code is, which runs on the stacks of goroutines; in a program of Go and C the rest is C's.</summary>
    public required IReadOnlyList<ImageRange> GoCode { get; init; }

    /// <summary>The PT_LOAD segments.</summary>
    public required IReadOnlyList<LoadSegment> LoadSegments { get; init; }

    /// <summary>The functions that may be traced. They never overlap.</summary>
    public required IReadOnlyList<ImageFunction> Functions { get; init; }

    /// <summary>What looks like a function but is kept out, with the reason.</summary>
    public required IReadOnlyList<ExcludedFunction> Excluded { get; init; }

    /// <summary>Ranges that belong to some function, but it is not known to which: a jump out of a function into one is no exit.</summary>
    public required IReadOnlyList<ImageRange> UnownedFragments { get; init; }

    /// <summary>Addresses in code that carry a symbol or an unwind entry but start no function: possible branch targets.</summary>
    public required IReadOnlyList<ImageAddress> OtherCodeLabels { get; init; }

    /// <summary>
    /// Code addresses that the image's data hold: starts of functions whose address is taken, and the targets of jump tables with
    /// absolute entries (tables of distances, as compilers make them for position-independent switches, are not among them). In a
    /// position-dependent image some may be plain numbers. A function of <see cref="FunctionSource.EhFrame"/> found here is called.
    /// </summary>
    public required IReadOnlyList<ImageAddress> CodePointers { get; init; }

    /// <summary>Where exceptions enter code (LSDA call-site tables).</summary>
    public required IReadOnlyList<ImageAddress> LandingPads { get; init; }

    /// <summary>Restartable sequences and the 4 signature bytes before their abort handlers: never to be changed.</summary>
    public required IReadOnlyList<ImageRange> RseqRanges { get; init; }

    /// <summary>Where __patchable_function_entries says that nops were put.</summary>
    public required IReadOnlyList<ImageAddress> PatchableEntries { get; init; }

    /// <summary>The executable sections (segments, when there are no section headers), the PLT among them.</summary>
    public required IReadOnlyList<ImageRange> CodeRanges { get; init; }

    /// <summary>The procedure linkage tables.</summary>
    public required IReadOnlyList<ImageRange> PltRanges { get; init; }

    /// <summary>
    /// The bytes that the file holds from <paramref name="address"/> to the end of its segment, not relocated; empty when it holds none
    /// (an unmapped address, or .bss).
    /// </summary>
    public ReadOnlyMemory<byte> BytesFrom(ImageAddress address) => _file.BytesFrom(address.Value);

    /// <summary>Copies the file's bytes at <paramref name="address"/>, not relocated; false when it does not hold all of them.</summary>
    public bool TryRead(ImageAddress address, Span<byte> destination)
    {
        var bytes = BytesFrom(address).Span;
        return bytes.Length >= destination.Length && bytes[..destination.Length].TryCopyTo(destination);
    }
}
