namespace Calltap.Symbols;

/// <summary>One line of /proc/PID/maps.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The first byte behind the mapping.</param>
/// <param name="Permissions">Access, and whether shared.</param>
/// <param name="Offset">Offset in the file of the first byte; 0 for anonymous memory.</param>
/// <param name="Device">Device of the file; 0:0 for anonymous memory.</param>
/// <param name="Inode">Inode of the file; 0 for anonymous memory.</param>
/// <param name="Path">Path of the file, a kernel's name in brackets, or empty.</param>
/// <param name="Deleted">The file was unlinked; <paramref name="Path"/> is without the kernel's mark.</param>
public sealed record MemoryMapping(
    TargetAddress Start,
    TargetAddress End,
    MappingPermissions Permissions,
    FileOffset Offset,
    DeviceNumber Device,
    ulong Inode,
    string Path,
    bool Deleted)
{
    /// <summary>Length in bytes.</summary>
    public ByteSize Size => new(End - Start);

    /// <summary>Whether code may run here.</summary>
    public bool IsExecutable => (Permissions & MappingPermissions.Execute) != 0;

    /// <summary>Whether stores are seen by other processes.</summary>
    public bool IsShared => (Permissions & MappingPermissions.Shared) != 0;

    /// <summary>Whether a file (or memfd) is behind it.</summary>
    public bool IsFile => Inode != 0;

    /// <summary>Whether <paramref name="address"/> is one of its bytes.</summary>
    public bool Contains(TargetAddress address) => address >= Start && address < End;

    /// <summary>Where in its file an address lies.</summary>
    public FileOffset OffsetAt(TargetAddress address) => new(Offset.Value + (address - Start));

    /// <summary>Whether an address of both, read at two times, is the same byte of the same file. Memory without a file is like any other.</summary>
    public bool IsSameAt(TargetAddress address, MemoryMapping other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Inode, Device) == (other.Inode, other.Device) && (!IsFile || OffsetAt(address) == other.OffsetAt(address));
    }
}
