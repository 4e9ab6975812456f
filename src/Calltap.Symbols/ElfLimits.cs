namespace Calltap.Symbols;

/// <summary>Bounds on what one module may make the reader do; past one, <see cref="ElfFormatException"/> is thrown.</summary>
/// <remarks>Each is at least ten times what the largest program known here (78,000 functions, 100 MB) needs.</remarks>
public sealed record ElfLimits
{
    /// <summary>The bounds used when the caller names none.</summary>
    public static ElfLimits Default { get; } = new();

    /// <summary>Program headers in one file.</summary>
    public int Segments { get; init; } = 1024;

    /// <summary>Section headers in one file.</summary>
    public int Sections { get; init; } = 65_536;

    /// <summary>Symbols in one table, of any type.</summary>
    public int Symbols { get; init; } = 16_000_000;

    /// <summary>Bytes in one name.</summary>
    public int NameBytes { get; init; } = 1 << 20;

    /// <summary>Bytes in all names read together: many symbols may share one very long name.</summary>
    public long TotalNameBytes { get; init; } = 1L << 28;

    /// <summary>Bytes that a compressed section may hold.</summary>
    public int UncompressedBytes { get; init; } = 1 << 28;

    /// <summary>Bytes looked at in one note segment or section.</summary>
    public int NoteBytes { get; init; } = 1 << 16;

    /// <summary>Frame description entries in .eh_frame.</summary>
    public int Fdes { get; init; } = 8_000_000;

    /// <summary>Distinct common information entries in .eh_frame.</summary>
    public int Cies { get; init; } = 1 << 16;

    /// <summary>Bytes of initial instructions of one common information entry.</summary>
    public int CieInstructionBytes { get; init; } = 1024;

    /// <summary>Call sites in all exception tables together: many functions may share one table.</summary>
    public int CallSites { get; init; } = 16_000_000;

    /// <summary>Exception tables that cannot be read before the whole file counts as damaged.</summary>
    public int UnreadableExceptionTables { get; init; } = 100;

    /// <summary>Dynamic relocations looked at.</summary>
    public int Relocations { get; init; } = 16_000_000;

    /// <summary>Lines of a /proc/PID/maps.</summary>
    public int Mappings { get; init; } = 4_000_000;
}
