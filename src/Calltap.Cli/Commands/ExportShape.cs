namespace Calltap.Cli.Commands;

/// <summary>What an export consists of, and so where it may go.</summary>
enum ExportShape
{
    /// <summary>Lines that people read too: stdout, also on a terminal.</summary>
    Lines,

    /// <summary>Text for programs: stdout, on a terminal only when asked for.</summary>
    Text,

    /// <summary>Bytes: stdout, but never a terminal.</summary>
    Binary,

    /// <summary>Bytes that are not written front to back: a file.</summary>
    File,

    /// <summary>Several files: a folder.</summary>
    Folder,
}
