using System.Buffers;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>
/// What tells one file's content from another's: its length and 128 bits of hash (XXH128). Not cryptographic: who can make two files of one hash owns both
/// files, and harms a process of their own only.
/// </summary>
/// <param name="Hash">The hash.</param>
/// <param name="Length">How many bytes the file has.</param>
readonly record struct ContentHash(UInt128 Hash, long Length)
{
    const int BlockSize = 256 * 1024; // stays in the CPU's second cache between being read and being hashed

    /// <summary>Hashes a file without keeping it.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public static ContentHash Of(SafeFileHandle file)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var hash = new XxHash128();
            long at = 0;
            for (int read; (read = RandomAccess.Read(file, block.AsSpan(0, BlockSize), at)) > 0; at += read)
                hash.Append(block.AsSpan(0, read));
            return new ContentHash(hash.GetCurrentHashAsUInt128(), at);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Hashes a file's bytes.</summary>
    public static ContentHash Of(ReadOnlySpan<byte> bytes) => new(XxHash128.HashToUInt128(bytes), bytes.Length);
}
