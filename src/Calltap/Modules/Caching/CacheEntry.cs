using System.Buffers.Binary;
using System.IO.Hashing;

namespace Calltap.Modules;

/// <summary>
/// An entry of the cache:
/// <code>
///   0   8   "CTFUNCS1"
///   8  16   its key
///  24  16   XXH128 of all that follows
///  40       the files asked for (ContentsEncoding), then the contents
/// </code>
/// </summary>
static class CacheEntry
{
    const int KeyAt = 8, HashAt = 24, PayloadAt = 40;

    static ReadOnlySpan<byte> Magic => "CTFUNCS1"u8;

    /// <summary>An entry's bytes.</summary>
    public static byte[] Write(CacheKey key, ModuleContents contents, AskedFiles asked)
    {
        var output = new CacheOutput();
        output.Bytes(new byte[PayloadAt]);
        ContentsEncoding.Write(output, asked);
        ContentsEncoding.Write(output, contents);
        byte[] entry = output.ToArray();
        Magic.CopyTo(entry);
        BinaryPrimitives.WriteUInt128LittleEndian(entry.AsSpan(KeyAt), key.Value);
        BinaryPrimitives.WriteUInt128LittleEndian(entry.AsSpan(HashAt), XxHash128.HashToUInt128(entry.AsSpan(PayloadAt)));
        return entry;
    }

    /// <summary>What an entry holds; null when it is damaged, another's, or of files that have changed.</summary>
    public static ModuleContents? Read(byte[] entry, CacheKey key)
    {
        if (entry.Length < PayloadAt || !entry.AsSpan().StartsWith(Magic)
            || BinaryPrimitives.ReadUInt128LittleEndian(entry.AsSpan(KeyAt)) != key.Value
            || BinaryPrimitives.ReadUInt128LittleEndian(entry.AsSpan(HashAt)) != XxHash128.HashToUInt128(entry.AsSpan(PayloadAt)))
            return null;
        try
        {
            var input = new CacheInput(entry, PayloadAt, entry.Length);
            return ContentsEncoding.ReadAsked(ref input).AreUnchanged() ? ContentsEncoding.ReadContents(ref input) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
