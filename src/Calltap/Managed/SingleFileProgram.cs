using System.Buffers.Binary;
using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>
/// A .NET program with its assemblies in its own file. The runtime maps those with code from there, each at where it begins, and copies the compressed ones: these have no file behind
/// them. An assembly goes by the path <c>PROGRAM/NAME.dll</c>, as if the program were a folder.
/// </summary>
sealed class SingleFileProgram
{
    const int MostData = 8 << 20, MostManifest = 16 << 20;
    const long Page = 4096;

    readonly List<BundledFile> _files;

    SingleFileProgram(string path, IReadOnlyList<BundledFile> files) => (Path, _files) = (path, [.. files.OrderBy(file => file.Offset.Value)]);

    /// <summary>Reads what a process runs; null when it is no such program, or can't be read.</summary>
    public static SingleFileProgram? Find(TargetProcess target)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(ProcFiles.Process(target.Pid, "exe"));
            string path = target.ExecutablePath.Replace(" (deleted)", "", StringComparison.Ordinal);
            if (ManifestIn(file) is not { } start) return null;
            return new SingleFileProgram(path, BundleManifest.Read(Bytes(file, start, MostManifest), path, new FileOffset(start)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ElfFormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a file is such a program.</summary>
    public static bool Is(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return ManifestIn(file) is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ElfFormatException)
        {
            return false;
        }
    }

    /// <summary>Where the manifest begins.</summary>
    static long? ManifestIn(SafeFileHandle file)
    {
        foreach ((long offset, long size) in DynamicStrings.WritableSegments(file))
        {
            ReadOnlySpan<byte> data = Bytes(file, offset, (int)Math.Min(size, MostData));
            int at = data.IndexOf(BundleManifest.Marker) - sizeof(long);
            if (at >= 0) return BinaryPrimitives.ReadInt64LittleEndian(data[at..]) is > 0 and var start ? start : null;
        }
        return null;
    }

    static byte[] Bytes(SafeFileHandle file, long start, int most) => WholeFile.Read(file, start, Math.Clamp(RandomAccess.GetLength(file) - start, 0, most));

    /// <summary>Its own path.</summary>
    public string Path { get; }

    /// <summary>Its assemblies by their paths.</summary>
    public IEnumerable<string> Assemblies => Bundled.Select(PathOf);

    /// <summary>How many of them are compressed.</summary>
    public int Compressed => Bundled.Count(file => file.IsCompressed);

    IEnumerable<BundledFile> Bundled => _files.Where(file => AssemblyPaths.IsAssembly(file.Path));

    /// <summary>The file within it that goes by a path; null where that is no such path.</summary>
    public BundledFile? FileOf(string path) =>
        path.Length > Path.Length && path.StartsWith(Path, StringComparison.Ordinal) && path[Path.Length] == '/' ? _files.Find(file => file.Path == path[(Path.Length + 1)..]) : null;

    /// <summary>What a process has mapped, with assemblies of the program under paths of their own.</summary>
    /// <param name="mappings">By address.</param>
    public IReadOnlyList<MemoryMapping> Named(IReadOnlyList<MemoryMapping> mappings)
    {
        var named = new List<MemoryMapping>(mappings.Count);
        BundledFile? file = null;
        foreach (MemoryMapping mapping in mappings)
            named.Add(mapping.Path == Path && (file = At(mapping, file)) is not null ? mapping with { Path = PathOf(file) } : mapping);
        return named;
    }

    /// <summary>
    /// Which file a mapping is of. The first of an assembly holds its headers, and begins in the page in which the file does: at most one of those that are a page long begins there. The
    /// others follow, and may share their last page with the next file.
    /// </summary>
    BundledFile? At(MemoryMapping mapping, BundledFile? before)
    {
        bool mayBegin = (mapping.Permissions & (MappingPermissions.Write | MappingPermissions.Execute)) == 0;
        if (mayBegin && _files.Find(file => file.Size.Value >= Page && !file.IsCompressed && (file.Offset.Value & -Page) == mapping.Offset.Value) is { } begun) return begun;
        return before is not null && mapping.Offset.Value < before.Offset.Value + before.Size.Value && mapping.Offset.Value + Page > before.Offset.Value ? before : null;
    }

    string PathOf(BundledFile file) => $"{Path}/{file.Path}";
}
