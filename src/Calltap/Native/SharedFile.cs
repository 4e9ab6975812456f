using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>A sparse file mapped whole, shared with the target. Unlike <see cref="SharedMapping"/> nothing is allocated beforehand.</summary>
internal sealed unsafe partial class SharedFile : IDisposable
{
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED_NORESERVE = 0x4001;
    private const int FALLOC_FL_KEEP_SIZE = 1;
    private const int FALLOC_FL_PUNCH_HOLE = 2;

    private readonly SafeFileHandle _file;
    private byte* _pointer;

    private SharedFile(SafeFileHandle file, byte* pointer, long size)
    {
        _file = file;
        _pointer = pointer;
        Size = size;
    }

    /// <summary>Its size.</summary>
    internal long Size { get; }

    /// <summary>Maps the file; it is closed with the mapping.</summary>
    internal static SharedFile Map(SafeFileHandle file, long size)
    {
        nint address = mmap(0, (nuint)size, PROT_READ_WRITE, MAP_SHARED_NORESERVE, file, 0);
        SysResult.FromLibc(address).OrThrow($"mmap({size} bytes, MAP_SHARED)");
        return new SharedFile(file, (byte*)address, size);
    }

    /// <summary>The bytes from <paramref name="offset"/> on.</summary>
    internal Span<byte> At(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_pointer == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Size);
        // SAFETY: inside the mapping, which lives until Dispose; the file keeps its size.
        return new Span<byte>(_pointer + offset, length);
    }

    /// <summary>The qword at <paramref name="offset"/>, 8-byte aligned, for volatile access.</summary>
    internal ref ulong Qword(long offset) => ref MemoryMarshal.AsRef<ulong>(At(offset, sizeof(ulong)));

    /// <summary>The dword at <paramref name="offset"/>, 4-byte aligned, for volatile access.</summary>
    internal ref int Dword(long offset) => ref MemoryMarshal.AsRef<int>(At(offset, sizeof(int)));

    /// <summary>Allocates the pages of a range, so that the target's first touch finds them.</summary>
    internal SysResult Allocate(long offset, long length) => SysResult.FromLibc(fallocate(_file, 0, offset, length));

    /// <summary>Gives the pages of a range back; they read as zero.</summary>
    internal SysResult Punch(long offset, long length) =>
        SysResult.FromLibc(fallocate(_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pointer != null) _ = munmap((nint)_pointer, (nuint)Size);
        _pointer = null;
        _file.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle fd, int mode, long offset, long len);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);
}
