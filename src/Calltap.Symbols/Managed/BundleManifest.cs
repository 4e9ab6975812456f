using System.Text;

namespace Calltap.Symbols;

/// <summary>
/// What a .NET program that is a single file says of the files in it (dotnet/runtime, src/installer/managed/Microsoft.NET.HostModel/Bundle/Manifest.cs). All numbers are little-endian.
/// <code>
/// u32 major version, u32 minor version, i32 count of files, text: an id
/// i64 offset, i64 size of deps.json; the same of runtimeconfig.json; u64 flags
/// for each file: i64 offset, i64 size, from version 6 on i64 compressed size, u8 kind, text: path
/// </code>
/// A text is a length in seven bits a byte, and that many bytes of UTF-8.
/// </summary>
public static class BundleManifest
{
    private const uint First = 2, WithCompression = 6; // .NET 5 and 6

    /// <summary>
    /// Stands in the program's data, eight bytes behind the word that says where the manifest begins: 0 in a program that is none (bundle_marker.cpp of the host).
    /// </summary>
    public static ReadOnlySpan<byte> Marker =>
    [
        0x8B, 0x12, 0x02, 0xB9, 0x6A, 0x61, 0x20, 0x38, 0x72, 0x7B, 0x93, 0x02, 0x14, 0xD7, 0xA0, 0x32,
        0x13, 0xF5, 0xB9, 0xE6, 0xEF, 0xAE, 0x33, 0x18, 0xEE, 0x3B, 0x2D, 0xCE, 0x24, 0xB3, 0x6A, 0xAE,
    ];

    /// <summary>Reads the files.</summary>
    /// <param name="manifest">From its begin on; what follows is not looked at.</param>
    /// <param name="path">Of the program, for messages.</param>
    /// <param name="start">Where in it the manifest begins, for messages.</param>
    /// <param name="limits">Bounds; null for <see cref="ElfLimits.Default"/>.</param>
    /// <exception cref="ElfFormatException">It is damaged, or of an unknown version.</exception>
    public static IReadOnlyList<BundledFile> Read(ReadOnlySpan<byte> manifest, string path, FileOffset start, ElfLimits? limits = null)
    {
        limits ??= ElfLimits.Default;
        var cursor = new ElfCursor(manifest, path, start.Value, "the list of files in a single-file program");
        var version = cursor.U32();
        if (version is < First or > WithCompression)
            throw cursor.Fault($"version {First} to {WithCompression} rather than {version}");
        cursor.U32(); // minor version
        var count = cursor.U32();
        if (count > limits.Sections)
            throw cursor.Fault($"at most {limits.Sections} files");
        cursor.Take(cursor.Length()); // id
        cursor.Take(5 * sizeof(ulong)); // where deps.json and runtimeconfig.json are, flags
        var files = new BundledFile[count];
        for (var i = 0; i < files.Length; i++)
            files[i] = ReadFile(ref cursor, version >= WithCompression, limits);
        return files;
    }

    private static BundledFile ReadFile(ref ElfCursor cursor, bool hasCompression, ElfLimits limits)
    {
        ulong offset = cursor.U64(), size = cursor.U64(), compressed = hasCompression ? cursor.U64() : 0;
        if (Math.Max(Math.Max(offset, size), compressed) > long.MaxValue / 2)
            throw cursor.Fault("a place within a file");
        cursor.U8(); // kind
        var length = cursor.Length();
        return length <= limits.NameBytes
            ? new(Encoding.UTF8.GetString(cursor.Take(length)), new((long)offset), new((long)size), new((long)compressed))
            : throw cursor.Fault($"a path of at most {limits.NameBytes} bytes");
    }
}
