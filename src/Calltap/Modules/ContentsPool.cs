namespace Calltap.Modules;

/// <summary>What the modules of several processes contain, each once: programs of a tree of processes start again and again. One thread.</summary>
sealed class ContentsPool
{
    readonly Dictionary<CacheKey, ModuleContents> _known = [];

    /// <summary>What is known under a key; null when nothing is.</summary>
    public ModuleContents? Find(CacheKey key) => _known.GetValueOrDefault(key);

    /// <summary>Takes in what was read.</summary>
    public ModuleContents Keep(CacheKey key, ModuleContents contents) => _known[key] = contents;
}
