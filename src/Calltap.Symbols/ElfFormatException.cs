namespace Calltap.Symbols;

/// <summary>A file (an ELF image, a debug file, a .NET assembly or a /proc listing) is not what its format demands.</summary>
/// <param name="file">The path as the caller named it.</param>
/// <param name="offset">Byte offset in the file where the fault was found.</param>
/// <param name="expectation">What should have been there, as a noun phrase.</param>
public sealed class ElfFormatException(string file, long offset, string expectation)
    : Exception($"{file} at offset 0x{offset:x}: expected {expectation}")
{
    /// <summary>The path as the caller named it.</summary>
    public string File { get; } = file;

    /// <summary>Where in the file the fault was found.</summary>
    public FileOffset Offset { get; } = new(offset);

    /// <summary>What should have been there.</summary>
    public string Expectation { get; } = expectation;

    /// <summary>The file is a ReadyToRun image of several assemblies, or one whose code is in such an image: neither is read.</summary>
    public bool IsComposite { get; init; }
}
