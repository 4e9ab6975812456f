namespace Calltap.Symbols;

/// <summary>Reads the methods of a .NET assembly that were compiled ahead of time (ReadyToRun), for Linux on x86-64.</summary>
public static class ReadyToRunReader
{
    /// <summary>Whether a file may be one: it begins as Windows' executables do.</summary>
    public static bool Begins(ReadOnlySpan<byte> image) => image.StartsWith("MZ"u8);

    /// <summary>Reads an assembly.</summary>
    /// <param name="image">The whole file; must stay unchanged and valid as long as the result is used.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="limits">Bounds; null for <see cref="ElfLimits.Default"/>.</param>
    /// <exception cref="ElfFormatException">The file is damaged, of another kind, or has no such code.</exception>
    public static ReadyToRunModule Read(ReadOnlyMemory<byte> image, string path, ElfLimits? limits = null)
    {
        limits ??= ElfLimits.Default;
        var file = PeImage.Read(image, path, limits);
        var header = ReadyToRunHeader.Read(file, limits);
        var functions = RuntimeFunctions.Read(file, header.RuntimeFunctions, limits);
        using var names = MethodNames.Open(file, header.Metadata, limits);
        var table = new MethodTable(file, functions, names);
        table.AddOwn(header.EntryPoints);
        table.AddInstances(header.InstanceEntryPoints);
        return new(file) { Methods = table.Methods, CodePieces = functions.Count };
    }
}
