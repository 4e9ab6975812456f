namespace Calltap.Modules;

/// <summary>Which modules of a target are looked at.</summary>
public enum FunctionScope
{
    /// <summary>The executable.</summary>
    Executable,

    /// <summary>The executable and its libraries, without the C library's own.</summary>
    Libraries,

    /// <summary>Everything that can be patched.</summary>
    All,
}
