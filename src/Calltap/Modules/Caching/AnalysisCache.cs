using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>
/// A folder of analyses. Safe to delete at any time, and to be shared by processes: an entry is written beside its place and renamed. An entry counts only where the
/// file's whole content, the build of Calltap and the traits of the process are those that it was made for, it and its folder are this user's and nobody
/// else may write to them, and its own hash is right.
/// </summary>
public sealed class AnalysisCache
{
    /// <summary>How entries' names end.</summary>
    public const string Extension = ".functions";

    /// <summary>What all entries together may take by default: 256 MiB, a dozen programs of the size of a browser.</summary>
    public const long DefaultLimit = 256L << 20;

    static readonly TimeSpan s_useIsNoted = TimeSpan.FromMinutes(10);

    readonly string _folder;
    readonly long _limit;

    AnalysisCache(string folder, long limit) => (_folder, _limit) = (folder, limit);

    /// <summary>The cache in a folder, which need not exist yet.</summary>
    /// <param name="folder">Its absolute path.</param>
    /// <param name="limit">Bytes that all entries together may take; those used longest ago go first.</param>
    public static AnalysisCache In(string folder, long limit = DefaultLimit) => new(folder, limit);

    /// <summary>An analysis that was kept; null when there is none that may be trusted.</summary>
    internal ModuleContents? Find(CacheKey key)
    {
        string path = Path.Combine(_folder, key.FileName);
        try
        {
            if (!File.Exists(path) || !IsOurs(_folder) || !IsOurs(path)) return null;
            using SafeFileHandle file = File.OpenHandle(path);
            ModuleContents? contents = CacheEntry.Read(WholeFile.Read(file), key);
            if (contents is not null) NoteUse(path);
            return contents;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps an analysis. A folder that can't be written costs the next one its time, no more.</summary>
    internal void Keep(CacheKey key, ModuleContents contents, AskedFiles asked)
    {
        byte[] entry = CacheEntry.Write(key, contents, asked);
        if (entry.Length > _limit) return;
        string path = Path.Combine(_folder, key.FileName), beside = $"{path}.{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (!IsOurs(_folder)) return;
            File.WriteAllBytes(beside, entry);
            File.SetUnixFileMode(beside, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(beside, path, overwrite: true);
            Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ModuleFiles.TryDelete(beside);
        }
    }

    // What is left of a writer that died counts, and goes, as entries do.
    void Trim()
    {
        long total = 0;
        foreach (FileInfo file in new DirectoryInfo(_folder).EnumerateFiles($"*{Extension}*").OrderByDescending(file => file.LastWriteTimeUtc))
        {
            total += file.Length;
            if (total > _limit) file.Delete();
        }
    }

    static void NoteUse(string path)
    {
        DateTime now = DateTime.UtcNow;
        if (now - File.GetLastWriteTimeUtc(path) > s_useIsNoted) File.SetLastWriteTimeUtc(path, now);
    }

    // Another user's entry could make us change what must not be changed.
    static bool IsOurs(string path) =>
        FileIdentity.Owner(path) == Credentials.EffectiveUser && (File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;
}
