namespace Calltap.Fuzz;

/// <summary>The checked-in inputs: seeds that no code makes, and every input that once broke something.</summary>
static class Corpus
{
    static string Folder(string target) => Path.Combine(AppContext.BaseDirectory, "corpus", target);

    /// <summary>The inputs of a target, by file name.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Of(string target) => Directory.Exists(Folder(target))
        ? [.. Directory.GetFiles(Folder(target)).Order(StringComparer.Ordinal).Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)))]
        : [];
}
