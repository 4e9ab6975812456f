using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Native;

/// <summary>PROCMAP_QUERY (linux/fs.h, since Linux 6.11): the mapping at one address, without reading /proc/PID/maps as a whole.</summary>
internal static unsafe partial class MappingQuery
{
    private const nuint PROCMAP_QUERY = 0xc068_6611; // _IOWR('f', 17, struct procmap_query)
    private const ulong PROCMAP_QUERY_VMA_EXECUTABLE = 0x04, PROCMAP_QUERY_COVERING_OR_NEXT_VMA = 0x10, PROCMAP_QUERY_FILE_BACKED_VMA = 0x20;

    /// <summary>
    /// Asks an open /proc/PID/maps. ENOENT: nothing is mapped there; ESRCH: the memory is gone; ENOTTY: an older kernel.
    /// </summary>
    internal static SysResult<procmap_query> At(SafeFileHandle maps, ulong address) => Ask(maps, address, 0);

    /// <summary>The executable mapping of a file at the address, or the next above it. Results as <see cref="At"/>; ENOENT: there is none.</summary>
    internal static SysResult<procmap_query> NextCode(SafeFileHandle maps, ulong address) =>
        Ask(maps, address, PROCMAP_QUERY_COVERING_OR_NEXT_VMA | PROCMAP_QUERY_FILE_BACKED_VMA | PROCMAP_QUERY_VMA_EXECUTABLE);

    private static SysResult<procmap_query> Ask(SafeFileHandle maps, ulong address, ulong flags)
    {
        procmap_query query = new() { size = (ulong)sizeof(procmap_query), query_flags = flags, query_addr = address };
        nint result = ioctl(maps, PROCMAP_QUERY, &query);
        return new SysResult<procmap_query>(query, SysResult.FromLibc(result).Errno);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle fd, nuint request, procmap_query* argument);

#pragma warning disable CS8981 // A native name, verbatim.
    [StructLayout(LayoutKind.Sequential)]
    internal struct procmap_query
    {
        internal ulong size, query_flags, query_addr, vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
        internal uint dev_major, dev_minor, vma_name_size, build_id_size;
        internal ulong vma_name_addr, build_id_addr;
    }
}
