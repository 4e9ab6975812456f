using System.Text;

namespace Calltap.Symbols;

/// <summary>A program of Go alone, by its file.</summary>
/// <param name="IsOfKnownVersion">Whether the toolchain that made it is of a version whose runtime is known here: 1.17 to 1.25. False where the file does not tell.</param>
public sealed record GoProgram(bool IsOfKnownVersion)
{
    private const int FirstMinor = 17, LastMinor = 25;

    // debug/buildinfo: the section begins with this; since 1.18 bit 1 of byte 15 says that the version stands at 32, its length before it.
    private const int FlagsAt = 15, VersionAt = 32, InlineStrings = 2, LongestVersion = 64;

    /// <summary>
    /// Reads a program; null when it is not of Go alone: a dynamic linker is named, or its first instruction is not Go's (rt0), so that a C library may be started in it.
    /// </summary>
    /// <param name="image">The whole file.</param>
    /// <param name="path">Its path, for messages.</param>
    public static GoProgram? TryRead(ReadOnlyMemory<byte> image, string path)
    {
        try
        {
            var file = ElfFileReader.Read(image, path, ElfLimits.Default);
            var isAlone = !file.HasSegment(ElfConstants.PtInterp) && GoFunctionTable.Find(file, out _) is { } functions
                && functions.CodeRanges.Any(range => range.Contains(new(file.EntryPoint)));
            return isAlone ? new(file.FindSection(".go.buildinfo") is { } section && IsKnown(VersionIn(file.Bytes(section)))) : null;
        }
        catch (ElfFormatException)
        {
            return null;
        }
    }

    private static bool IsKnown(string? version) =>
        version?.StartsWith("go1.", StringComparison.Ordinal) == true
        && int.TryParse(string.Concat(version[4..].TakeWhile(char.IsAsciiDigit)), out var minor) && minor is >= FirstMinor and <= LastMinor;

    private static string? VersionIn(ReadOnlySpan<byte> info) =>
        info.Length > VersionAt && info[0] == 0xff && info[1..].StartsWith(" Go buildinf:"u8) && (info[FlagsAt] & InlineStrings) != 0
            && info[VersionAt] is > 0 and < LongestVersion and var length && info.Length > VersionAt + length
            ? Encoding.ASCII.GetString(info.Slice(VersionAt + 1, length))
            : null;
}
