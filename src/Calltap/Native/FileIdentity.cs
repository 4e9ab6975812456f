using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>statx(2): whether an open file is still the one that was mapped, and whose a file is.</summary>
internal static unsafe partial class FileIdentity
{
    private const int AT_FDCWD = -100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_UID = 0x8;
    private const uint STATX_MTIME = 0x40;
    private const uint STATX_CTIME = 0x80;
    private const uint STATX_INO = 0x100;
    private const uint STATX_SIZE = 0x200;
    private const int StatxSize = 256;
    private const int OwnerOffset = 20;
    private const int InodeOffset = 32;
    private const int SizeOffset = 40;
    private const int ChangedOffset = 96;
    private const int ModifiedOffset = 112;
    private const int DeviceOffset = 136;

    /// <summary>The inode number; 0 when it cannot be told.</summary>
    internal static ulong Inode(SafeFileHandle file)
    {
        byte* result = stackalloc byte[StatxSize];
        byte empty = 0;
        return statx(file, &empty, AT_EMPTY_PATH, STATX_INO, result) == 0
            ? BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(result + InodeOffset, sizeof(ulong)))
            : 0;
    }

    /// <summary>What the kernel says of a file; null when it can't be told.</summary>
    internal static FileStamp? StampOf(SafeFileHandle file)
    {
        const uint Asked = STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME;
        byte* result = stackalloc byte[StatxSize];
        byte empty = 0;
        if (statx(file, &empty, AT_EMPTY_PATH, Asked, result) != 0) return null;
        ReadOnlySpan<byte> stat = new(result, StatxSize);
        if ((BinaryPrimitives.ReadUInt32LittleEndian(stat) & Asked) != Asked) return null;
        return new FileStamp(
            BinaryPrimitives.ReadUInt32LittleEndian(stat[DeviceOffset..]), BinaryPrimitives.ReadUInt32LittleEndian(stat[(DeviceOffset + sizeof(uint))..]),
            BinaryPrimitives.ReadUInt64LittleEndian(stat[InodeOffset..]), BinaryPrimitives.ReadUInt64LittleEndian(stat[SizeOffset..]),
            TimeAt(stat[ModifiedOffset..]), TimeAt(stat[ChangedOffset..]));
    }

    // struct statx_timestamp: seconds, nanoseconds
    private static long TimeAt(ReadOnlySpan<byte> time) =>
        BinaryPrimitives.ReadInt64LittleEndian(time) * 1_000_000_000 + BinaryPrimitives.ReadUInt32LittleEndian(time[sizeof(long)..]);

    /// <summary>The user that owns a file, links followed; null when it cannot be told.</summary>
    internal static uint? Owner(string path)
    {
        byte* result = stackalloc byte[StatxSize];
        fixed (byte* name = NativeString.Of(path))
        {
            return statx(AT_FDCWD, name, 0, STATX_UID, result) == 0
                ? BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(result + OwnerOffset, sizeof(uint)))
                : null;
        }
    }

    [LibraryImport("libc")]
    private static partial int statx(SafeFileHandle dirfd, byte* pathname, int flags, uint mask, byte* statxbuf);

    [LibraryImport("libc")]
    private static partial int statx(int dirfd, byte* pathname, int flags, uint mask, byte* statxbuf);
}
