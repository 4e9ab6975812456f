using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>Finds the ELF images and .NET assemblies in a target's mappings and reads their files through the target's own eyes.</summary>
static class ModuleLoader
{
    /// <summary>Files that are never armed: the dynamic linker runs before the C library keeps a thread pointer.</summary>
    public static bool IsDynamicLinker(string name) =>
        name.StartsWith("ld-", StringComparison.Ordinal) || name.StartsWith("ld.so", StringComparison.Ordinal);

    /// <summary>
    /// .NET's runtime, whose code is data to it as well: it copies stubs and write barriers out of its own text, and tells what a stub is by comparing it with that. Which functions those are
    /// its file does not say.
    /// </summary>
    public static bool IsDotNetRuntime(string name) => name == "libcoreclr.so";

    /// <summary>The C library's own modules.</summary>
    public static bool IsCRuntime(string name) =>
        IsDynamicLinker(name) || s_runtime.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    static readonly string[] s_runtime = ["libc.", "libc-", "libm.", "libm-", "libpthread", "libdl", "librt.", "librt-", "libgcc_s", "ld-musl"];

    /// <summary>The executable mappings of files, one list for each file, in the order of their addresses.</summary>
    public static IEnumerable<IReadOnlyList<MemoryMapping>> Files(IReadOnlyList<MemoryMapping> mappings) =>
        mappings.Where(m => m.IsFile && m.Path.StartsWith('/') && !m.Path.StartsWith("/memfd:", StringComparison.Ordinal))
            .GroupBy(m => (m.Device, m.Inode, m.Path))
            .Select(group => (IReadOnlyList<MemoryMapping>)[.. group])
            .Where(HasCode);

    /// <summary>What is mapped of a file beside a module of it: the file may be loaded twice (dlmopen).</summary>
    /// <param name="file">The mappings of one file.</param>
    /// <param name="module">A module of it.</param>
    public static IReadOnlyList<MemoryMapping> Beside(IReadOnlyList<MemoryMapping> file, TargetModule module)
    {
        if (module.Contents.LoadSegments.Count == 0) return file;
        ImageAddress first = module.Contents.LoadSegments.Min(s => s.Address), end = module.Contents.LoadSegments.Max(s => s.Address + Math.Max(s.MemorySize.Value, s.FileSize.Value));
        (TargetAddress low, TargetAddress high) = (first.At(module.LoadBias), end.At(module.LoadBias));
        return [.. file.Where(m => m.End <= low || m.Start >= high)];
    }

    /// <summary>Whether any of it is code.</summary>
    public static bool HasCode(IReadOnlyList<MemoryMapping> file) => file.Any(m => m.IsExecutable);

    /// <summary>Reads one module, and what tells its file from others; null when that can't be opened any more or is no image that is read.</summary>
    public static (TargetModule Module, ContentHash Hash)? Load(TargetProcess target, IReadOnlyList<MemoryMapping> file, int id, ContentsReader reader)
    {
        using SafeFileHandle? handle = target.OpenMappedFile(file.First(m => m.IsExecutable));
        if (handle is null) return null;
        ContentHash hash = reader.HashOf(handle, file[0].Path);
        return Read(handle, file[0].Path, hash, reader) is { } contents && Place(id, file, contents) is { } module ? (module, hash) : null;
    }

    /// <summary>Reads what a file contains; null when it is no ELF image of this machine, and no .NET assembly with code for it.</summary>
    public static ModuleContents? Read(SafeFileHandle file, string path, ContentHash hash, ContentsReader reader)
    {
        try
        {
            return reader.Read(file, path, hash);
        }
        catch (ElfFormatException e)
        {
            if (e.IsComposite) reader.Composite.Add(path);
            return null;
        }
    }

    /// <summary>Where the file is loaded; null when its code is not mapped.</summary>
    public static TargetModule? Place(int id, IReadOnlyList<MemoryMapping> file, ModuleContents contents)
    {
        IReadOnlyList<long> biases = LoadBias.Find(file, contents.LoadSegments);
        if (biases.Count == 0) return null;
        MemoryMapping[] code = [.. file.Where(m => m.IsExecutable && LoadBias.Belongs(biases[0], m, contents.LoadSegments))];
        return new TargetModule(id, file[0].Path, biases[0], code[0].Start, code[^1].End, contents) { Code = code };
    }

    /// <summary>Reads a file's symbols, and how far from their own addresses they are loaded, twice perhaps; null as for <see cref="Load"/>.</summary>
    public static (ModuleSymbols Symbols, IReadOnlyList<long> Biases)? ReadSymbols(TargetProcess target, IReadOnlyList<MemoryMapping> file)
    {
        MemoryMapping text = file.First(m => m.IsExecutable);
        using SafeFileHandle? handle = target.OpenMappedFile(text);
        if (handle is null) return null;
        try
        {
            ModuleSymbols symbols = ModuleSymbolReader.Read(WholeFile.Read(handle), text.Path, ModuleFiles.TryRead);
            IReadOnlyList<long> biases = LoadBias.Find(file, symbols.LoadSegments);
            return biases.Count == 0 ? null : (symbols, biases);
        }
        catch (ElfFormatException)
        {
            return null;
        }
    }
}
