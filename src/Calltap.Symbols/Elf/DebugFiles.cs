using System.Text;

namespace Calltap.Symbols;

/// <summary>
/// Finds the separate debug file of a module in the order gdb uses: by build-id, then by .gnu_debuglink (a file name, padding
/// to four bytes, and the CRC of the debug file).
/// </summary>
internal static class DebugFiles
{
    private const string Root = "/usr/lib/debug";

    /// <param name="Symbols">The debug file's .symtab, or null.</param>
    /// <param name="Rejected">Why the last file that was there does not serve, or null.</param>
    public readonly record struct Result(SymbolTable? Symbols, string? Rejected);

    public static Result Find(ElfFile file, string? buildId, Func<string, ReadOnlyMemory<byte>?> openFile)
    {
        string? rejected = null;
        foreach (var (path, crc) in Candidates(file, buildId))
        {
            // Empty counts as absent: a null array converts to empty memory.
            if (path == file.Path || openFile(path) is not { Length: > 0 } image)
                continue;
            var (symbols, reason) = Check(file, buildId, path, image, crc);
            if (symbols is not null)
                return new(symbols, null);
            rejected = $"{path}: {reason}";
        }

        return new(null, rejected);
    }

    private static IEnumerable<(string Path, uint? Crc)> Candidates(ElfFile file, string? buildId)
    {
        if (buildId is not null)
            yield return ($"{Root}/.build-id/{buildId[..2]}/{buildId[2..]}.debug", null);
        if (ReadLink(file) is not var (name, crc))
            yield break;
        var directory = file.Path[..(file.Path.LastIndexOf('/') + 1)];
        yield return ($"{directory}{name}", crc);
        yield return ($"{directory}.debug/{name}", crc);
        if (directory.StartsWith('/'))
            yield return ($"{Root}{directory}{name}", crc);
    }

    private static (string Name, uint Crc)? ReadLink(ElfFile file)
    {
        if (file.FindSection(".gnu_debuglink") is not { } section)
            return null;
        var link = file.Cursor(section);
        var name = Encoding.UTF8.GetString(link.CString(255));
        link.Seek((link.Position + 3) & ~3);
        // A name that leads elsewhere is not a file name.
        return name.Length > 0 && !name.Contains('/', StringComparison.Ordinal) ? (name, link.U32()) : null;
    }

    private static (SymbolTable? Symbols, string? Reason) Check(
        ElfFile file, string? buildId, string path, ReadOnlyMemory<byte> image, uint? crc)
    {
        try
        {
            var debug = ElfFileReader.Read(image, path, file.Limits);
            if (buildId is not null && BuildIdNote.Read(debug) is { } other && other != buildId)
                return (null, $"belongs to build-id {other}");
            if (crc is not null && Crc32.Of(image.Span) != crc)
                return (null, "its CRC is not that of .gnu_debuglink");
            var symbols = SymbolTable.Find(debug, ElfConstants.ShtSymtab, FunctionSource.DebugFile);
            return (symbols, symbols is null ? "has no .symtab" : null);
        }
        catch (ElfFormatException fault)
        {
            return (null, fault.Message);
        }
    }
}
