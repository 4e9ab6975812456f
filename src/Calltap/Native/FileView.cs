using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>A part of a shared file, mapped into this process to be changed word by word, in one step each, beside others that change it.</summary>
internal sealed unsafe partial class FileView : IDisposable
{
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;

    private readonly long _offset;
    private readonly long _size;
    private byte* _pointer;

    private FileView(byte* pointer, long offset, long size)
    {
        _pointer = pointer;
        (_offset, _size) = (offset, size);
    }

    /// <summary>Maps a part of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins: at a page.</param>
    /// <param name="size">Its size; the file is not shorter, and never will be.</param>
    internal static FileView Map(SafeFileHandle file, long offset, long size)
    {
        nint address = mmap(0, (nuint)size, PROT_READ_WRITE, MAP_SHARED, file, offset);
        SysResult.FromLibc(address).OrThrow($"mmap({size} bytes, MAP_SHARED)");
        return new FileView((byte*)address, offset, size);
    }

    /// <summary>The word at an offset of the file, which is a multiple of 8.</summary>
    internal ulong Word(long at) => Volatile.Read(ref *At(at));

    /// <summary>Replaces that word, unless it has changed meanwhile. Banned everywhere but in TargetTextWriter (BannedSymbols.txt).</summary>
    internal bool Replace(long at, ulong expected, ulong word) => Interlocked.CompareExchange(ref *At(at), word, expected) == expected;

    private ulong* At(long at)
    {
        ObjectDisposedException.ThrowIf(_pointer == null, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(at, _offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at + sizeof(ulong), _offset + _size);
        // SAFETY: inside the mapping, which lives until Dispose; the file keeps its size.
        return (ulong*)(_pointer + (at - _offset));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pointer != null) _ = munmap((nint)_pointer, (nuint)_size);
        _pointer = null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);
}
