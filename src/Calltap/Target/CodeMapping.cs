using Calltap.Symbols;

namespace Calltap.Target;

/// <summary>An executable mapping of a file, as a <see cref="MemoryMapping"/> without its path.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The first byte behind it.</param>
/// <param name="Offset">Offset in the file of the first byte.</param>
/// <param name="Device">Device of the file.</param>
/// <param name="Inode">Inode of the file.</param>
internal readonly record struct CodeMapping(TargetAddress Start, TargetAddress End, FileOffset Offset, DeviceNumber Device, ulong Inode)
{
    /// <summary>Those among these.</summary>
    internal static IEnumerable<CodeMapping> In(IEnumerable<MemoryMapping> mappings) =>
        mappings.Where(m => m is { IsFile: true, IsExecutable: true }).Select(m => new CodeMapping(m.Start, m.End, m.Offset, m.Device, m.Inode));
}
