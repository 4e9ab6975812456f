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
        if (cache is null) return Analyze(WholeFile.Read(file), path, ModuleFiles.TryRead);
        if (cache.Find(KeyOf(hash, path)) is { } known) return known;
        byte[] image = WholeFile.Read(file); // hashed again: what is kept belongs to what was analysed, whatever happens to the file
        var asked = new AskedFiles();
        ModuleContents contents = Analyze(image, path, asked.Open);
        CacheKey key = KeyOf(ContentHash.Of(image), path);
        _unkept.Enqueue(() => cache.Keep(key, contents, asked));
        return contents;
    }

    CacheKey KeyOf(ContentHash content, string path) => CacheKey.Of(content, path, traits, demangler.IsAvailable);

    ModuleContents Analyze(byte[] image, string path, Func<string, ReadOnlyMemory<byte>?> openFile) =>
        ReadyToRunReader.Begins(image)
            ? ModuleContents.Of(ReadyToRunReader.Read(image, path))
            : ModuleContents.Of(ModuleSymbolReader.Read(image, path, openFile), traits, demangler);
}
