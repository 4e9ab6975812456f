namespace Calltap.Symbols;

/// <summary>Where the start of a function is known from, the best source first.</summary>
public enum FunctionSource
{
    /// <summary>The image's own .symtab.</summary>
    Symtab,

    /// <summary>The .symtab of a separate debug file.</summary>
    DebugFile,

    /// <summary>The exported symbols in .dynsym.</summary>
    Dynsym,

    /// <summary>A frame description entry of .eh_frame; such a function has a name only when a label stands at its start.</summary>
    EhFrame,
}
