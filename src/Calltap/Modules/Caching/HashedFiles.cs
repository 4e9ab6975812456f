using Calltap.Native;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>
/// The hashes of files, each computed once as long as the kernel says that the file is what it was: a large library that comes again and again is not read every time.
/// A file that had been changed shortly before it was hashed may change again at the same time; what is small is hashed faster than it is worth to think about.
/// One thread.
/// </summary>
/// <param name="least">Bytes of the smallest file whose hash is kept.</param>
sealed class HashedFiles(long least = 1 << 20)
{
    const long Settled = 2_000_000_000; // ns; file times go by ticks of the kernel, and on some file systems by seconds

    readonly Dictionary<FileStamp, ContentHash> _known = [];

    /// <summary>The hash of a file.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public ContentHash Of(SafeFileHandle file)
    {
        FileStamp? before = FileIdentity.StampOf(file);
        if (before is not { } stamp || stamp.Size < (ulong)least) return ContentHash.Of(file);
        if (_known.TryGetValue(stamp, out ContentHash known)) return known;
        long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        ContentHash hash = ContentHash.Of(file);
        if (FileIdentity.StampOf(file) == before && Math.Max(stamp.Changed, stamp.Modified) + Settled < now) _known[stamp] = hash;
        return hash;
    }
}
