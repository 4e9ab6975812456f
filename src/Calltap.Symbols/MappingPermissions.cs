namespace Calltap.Symbols;

/// <summary>The four permission letters of a line of /proc/PID/maps.</summary>
[Flags]
public enum MappingPermissions
{
    /// <summary>No access, private.</summary>
    None = 0,

    /// <summary>r</summary>
    Read = 1,

    /// <summary>w</summary>
    Write = 2,

    /// <summary>x</summary>
    Execute = 4,

    /// <summary>s: shared; absent means private (copy on write).</summary>
    Shared = 8,
}
