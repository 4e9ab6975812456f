namespace Calltap.Symbols;

/// <summary>What is known of a program of Go by its file alone.</summary>
public static class GoPrograms
{
    private const int FirstMinor = 17, LastMinor = 25;

    // debug/buildinfo: the section begins with this; since 1.18 bit 1 of byte 15 says that the version stands at 32, its length before it.
    private const int FlagsAt = 15, VersionAt = 32, InlineStrings = 2, LongestVersion = 64;

    /// <summary>
    /// Whether the toolchain that made it is of a version whose runtime is known here: 1.17 to 1.25. False where the file does not tell.
    /// </summary>
    /// <param name="image">The whole file.</param>
    /// <param name="path">Its path, for messages.</param>
    public static bool IsOfKnownVersion(ReadOnlyMemory<byte> image, string path)
    {
        try
        {
            var file = ElfFileReader.Read(image, path, ElfLimits.Default);
            return file.FindSection(".go.buildinfo") is { } section && VersionIn(file.Bytes(section)) is { } version
                && version.StartsWith("go1.", StringComparison.Ordinal)
                && int.TryParse(string.Concat(version[4..].TakeWhile(char.IsAsciiDigit)), out var minor) && minor is >= FirstMinor and <= LastMinor;
        }
        catch (ElfFormatException)
        {
            return false;
        }
    }

    private static string? VersionIn(ReadOnlySpan<byte> info) =>
        info.Length > VersionAt && info[0] == 0xff && info[1..].StartsWith(" Go buildinf:"u8) && (info[FlagsAt] & InlineStrings) != 0
            && info[VersionAt] is > 0 and < LongestVersion and var length && info.Length > VersionAt + length
            ? System.Text.Encoding.ASCII.GetString(info.Slice(VersionAt + 1, length))
            : null;

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
