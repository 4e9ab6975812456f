using Calltap.Managed;
using Calltap.Native;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>Gives what modules contain: as the cache has it, or by analysing them.</summary>
/// <param name="traits">What is known of the process that they are loaded in.</param>
/// <param name="cache">Where analyses are kept; null when nowhere.</param>
/// <param name="pool">What was read already; null when that is not asked for.</param>
/// <param name="demangler">Makes names readable.</param>
sealed class ContentsReader(TargetTraits traits, AnalysisCache? cache, ContentsPool? pool, CxaDemangler demangler)
{
    readonly Queue<Action> _unkept = [];

    /// <summary>What files were found to hold.</summary>
    public required HashedFiles Hashes { get; init; }

    /// <summary>The program, where it holds assemblies in its own file.</summary>
    public SingleFileProgram? Program { get; init; }

    /// <summary>Paths of ReadyToRun images of several assemblies, and of assemblies whose code is in such: they were asked for, and are not read.</summary>
    public ISet<string> Composite { get; } = new HashSet<string>();

    /// <summary>What tells a module's content from others'.</summary>
    /// <param name="file">Its file, or the program that holds it.</param>
    /// <param name="path">Its path in the target.</param>
    /// <exception cref="IOException">It can't be read.</exception>
    public ContentHash HashOf(SafeFileHandle file, string path) =>
        Program?.FileOf(path) is { } bundled ? ContentHash.Of(WholeFile.Read(file, bundled.Offset.Value, bundled.Size.Value)) : Hashes.Of(file);

    /// <summary>Writes into the cache what was analysed since: not while somebody waits for it.</summary>
    public void Keep()
    {
        while (_unkept.TryDequeue(out Action? keep)) keep();
    }

    /// <summary>Reads one module.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="path">Its path in the target; debug files are looked for beside it.</param>
    /// <param name="hash">The hash of the file, which the caller has.</param>
    /// <exception cref="ElfFormatException">It is no ELF image of this machine, and no .NET assembly with code for it.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public ModuleContents Read(SafeFileHandle file, string path, ContentHash hash)
    {
        if (pool is null) return ReadAnew(file, path, hash);
        CacheKey key = KeyOf(hash, path);
        return pool.Find(key) ?? pool.Keep(key, ReadAnew(file, path, hash));
    }

    ModuleContents ReadAnew(SafeFileHandle file, string path, ContentHash hash)
    {
        BundledFile? bundled = Program?.FileOf(path);
        if (cache is null) return Analyze(Image(file, bundled), path, bundled, ModuleFiles.TryRead);
        if (cache.Find(KeyOf(hash, path)) is { } known) return known;
        byte[] image = Image(file, bundled); // hashed again: what is kept belongs to what was analysed, whatever happens to the file
        var asked = new AskedFiles();
        ModuleContents contents = Analyze(image, path, bundled, asked.Open);
        CacheKey key = KeyOf(ContentHash.Of(image), path);
        _unkept.Enqueue(() => cache.Keep(key, contents, asked));
        return contents;
    }

    static byte[] Image(SafeFileHandle file, BundledFile? bundled) => bundled is null ? WholeFile.Read(file) : WholeFile.Read(file, bundled.Offset.Value, bundled.Size.Value);

    /// <summary>Where an assembly begins in a program belongs to what is known of it.</summary>
    CacheKey KeyOf(ContentHash content, string path) =>
        CacheKey.Of(content, Program?.FileOf(path) is { } bundled ? $"{path}@{bundled.Offset}" : path, traits, demangler.IsAvailable);

    ModuleContents Analyze(byte[] image, string path, BundledFile? bundled, Func<string, ReadOnlyMemory<byte>?> openFile) =>
        ReadyToRunReader.Begins(image)
            ? ModuleContents.Of(ReadyToRunReader.Read(image, path), bundled?.Offset ?? default)
            : ModuleContents.Of(ModuleSymbolReader.Read(image, path, openFile), traits, demangler);
}
