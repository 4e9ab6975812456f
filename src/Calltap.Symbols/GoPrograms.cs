namespace Calltap.Symbols;

/// <summary>What is known of a program of Go by its file alone.</summary>
public static class GoPrograms
{
    /// <summary>
    /// Whether the program is of Go alone: no dynamic linker is named, and its first instruction is Go's (rt0), so that no C library is ever started in it.
    /// </summary>
    /// <param name="image">The whole file.</param>
    /// <param name="path">Its path, for messages.</param>
    public static bool IsGoAlone(ReadOnlyMemory<byte> image, string path)
    {
        try
        {
            var file = ElfFileReader.Read(image, path, ElfLimits.Default);
            return !file.HasSegment(ElfConstants.PtInterp) && GoFunctionTable.Find(file, out _) is { } functions
                && functions.CodeRanges.Any(range => range.Contains(new(file.EntryPoint)));
        }
        catch (ElfFormatException)
        {
            return false;
        }
    }
}
