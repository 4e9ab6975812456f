namespace Calltap.Symbols;

/// <summary>Where the start of a function is known from, the best source first.</summary>
public enum FunctionSource
{
    /// <summary>The image's own .symtab.</summary>
    Symtab,

    /// <summary>The .symtab of a separate debug file.</summary>
    DebugFile,

    /// <summary>The compressed .symtab in .gnu_debugdata, of functions that .dynsym lacks.</summary>
    MiniDebugInfo,

    /// <summary>The table in .gopclntab by which Go's runtime finds its functions.</summary>
    GoFunctionTable,

    /// <summary>The exported symbols in .dynsym.</summary>
    Dynsym,

    /// <summary>
    /// A frame description entry of .eh_frame; such a function has a name only when a label stands at its start. In a stripped image a .cold part
    /// that begins before its function has set up a frame looks the same: until a call or a pointer to the start is found, it may
    /// be the target of a jump from inside another function, with any register and the red zone in use.
    /// </summary>
    EhFrame,

    /// <summary>The table of entry points of a .NET assembly compiled ahead of time.</summary>
    ReadyToRun,

    /// <summary>.NET's just-in-time compiler, which tells of what it has compiled. Such code may be freed again.</summary>
    Compiled,
}
