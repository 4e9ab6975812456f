namespace Calltap.Modules;

/// <summary>Which files beside a module were looked for in an analysis, and what was found: another outcome would give other names.</summary>
sealed class AskedFiles
{
    readonly List<(string Path, ContentHash? Content)> _asked = [];

    /// <summary>Path and content of each, in the order in which they were asked for; no content where there was no such file.</summary>
    public IReadOnlyList<(string Path, ContentHash? Content)> All => _asked;

    /// <summary>Opens a file and remembers that it was asked for.</summary>
    public ReadOnlyMemory<byte>? Open(string path)
    {
        ReadOnlyMemory<byte>? bytes = ModuleFiles.TryRead(path);
        Add(path, bytes is { } found ? ContentHash.Of(found.Span) : null);
        return bytes;
    }

    /// <summary>Notes an outcome.</summary>
    public void Add(string path, ContentHash? content) => _asked.Add((path, content));

    /// <summary>Whether all of them are as they were.</summary>
    public bool AreUnchanged() => _asked.TrueForAll(asked =>
        asked.Content is null ? !File.Exists(asked.Path) : ModuleFiles.TryRead(asked.Path) is { } bytes && ContentHash.Of(bytes.Span) == asked.Content);
}
