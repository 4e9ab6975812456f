using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>A shared mapping of a file in this process; unmapped when disposed. ENOSPC or ENOMEM: no room for it.</summary>
internal sealed unsafe partial class SharedMapping : IDisposable
{
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;

    private SharedMapping(byte* pointer, ByteSize size)
    {
        Pointer = pointer;
        Size = size;
    }

    /// <summary>The first byte; valid until this object is disposed.</summary>
    internal byte* Pointer { get; private set; }

    internal ByteSize Size { get; }

    /// <summary>Maps all <paramref name="size"/> bytes, with their pages allocated first: later no access can fail for want of memory.</summary>
    internal static SharedMapping Create(SafeFileHandle file, ByteSize size)
    {
        SysResult.FromLibc(fallocate(file, 0, 0, size.Value)).OrThrow($"fallocate({size})");
        nint address = mmap(0, (nuint)size.Value, PROT_READ_WRITE, MAP_SHARED, file, 0);
        SysResult.FromLibc(address).OrThrow($"mmap({size}, MAP_SHARED)");
        return new SharedMapping((byte*)address, size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Pointer != null)
            SysResult.FromLibc(munmap((nint)Pointer, (nuint)Size.Value)).OrThrow($"munmap({Size})");
        Pointer = null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle fd, int mode, long offset, long len);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint addr, nuint length, int prot, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint addr, nuint length);
}
