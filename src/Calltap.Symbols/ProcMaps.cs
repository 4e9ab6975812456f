using System.Globalization;
using System.Text;

namespace Calltap.Symbols;

/// <summary>Reads the text of /proc/PID/maps (proc_pid_maps(5); written by the kernel's show_map_vma).</summary>
public static class ProcMaps
{
    private const string FileName = "/proc/PID/maps";
    private static ReadOnlySpan<byte> DeletedMark => " (deleted)"u8;

    /// <summary>The mappings in the order of the text, which is by address.</summary>
    /// <param name="text">The whole file; a last line without a newline is taken as complete.</param>
    /// <param name="limits">Bounds; null for <see cref="ElfLimits.Default"/>.</param>
    /// <exception cref="ElfFormatException">A line is not a mapping, or there are too many.</exception>
    public static IReadOnlyList<MemoryMapping> Parse(ReadOnlySpan<byte> text, ElfLimits? limits = null)
    {
        var bound = (limits ?? ElfLimits.Default).Mappings;
        var mappings = new List<MemoryMapping>();
        var offset = 0;
        while (offset < text.Length)
        {
            var rest = text[offset..];
            var length = rest.IndexOf((byte)'\n');
            var line = length < 0 ? rest : rest[..length];
            if (mappings.Count == bound)
                throw new ElfFormatException(FileName, offset, $"at most {bound} mappings");
            mappings.Add(ParseLine(line, offset));
            offset += line.Length + 1;
        }

        return mappings;
    }

    // 7f12a4c00000-7f12a4c28000 r-xp 00001000 fe:01 1311093                    /usr/lib/libx.so
    private static MemoryMapping ParseLine(ReadOnlySpan<byte> line, long offset)
    {
        var rest = line;
        var start = Hex(Take(ref rest, (byte)'-'), offset);
        var end = Hex(Take(ref rest, (byte)' '), offset);
        var permissions = Permissions(Take(ref rest, (byte)' '), offset);
        var fileOffset = Hex(Take(ref rest, (byte)' '), offset);
        var major = Hex(Take(ref rest, (byte)':'), offset);
        var minor = Hex(Take(ref rest, (byte)' '), offset);
        var inode = Number(Take(ref rest, (byte)' '), NumberStyles.None, offset);
        if (end < start || fileOffset > long.MaxValue || major > uint.MaxValue || minor > uint.MaxValue)
            throw Fault(offset);
        var path = Path(rest.TrimStart((byte)' '), out var deleted);
        return new(
            new(start), new(end), permissions, new((long)fileOffset), new((uint)major, (uint)minor), inode, path, deleted);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, byte separator)
    {
        var at = rest.IndexOf(separator);
        var field = at < 0 ? rest : rest[..at];
        rest = at < 0 ? [] : rest[(at + 1)..];
        return field;
    }

    private static ulong Hex(ReadOnlySpan<byte> field, long offset) => Number(field, NumberStyles.AllowHexSpecifier, offset);

    private static ulong Number(ReadOnlySpan<byte> field, NumberStyles style, long offset) =>
        ulong.TryParse(field, style, CultureInfo.InvariantCulture, out var value) ? value : throw Fault(offset);

    private static MappingPermissions Permissions(ReadOnlySpan<byte> field, long offset)
    {
        if (field.Length != 4 || field[3] is not ((byte)'p' or (byte)'s'))
            throw Fault(offset);
        return Letter(field[0], (byte)'r', MappingPermissions.Read, offset)
            | Letter(field[1], (byte)'w', MappingPermissions.Write, offset)
            | Letter(field[2], (byte)'x', MappingPermissions.Execute, offset)
            | (field[3] == (byte)'s' ? MappingPermissions.Shared : MappingPermissions.None);
    }

    private static MappingPermissions Letter(byte actual, byte letter, MappingPermissions permission, long offset)
    {
        if (actual == letter)
            return permission;
        return actual == (byte)'-' ? MappingPermissions.None : throw Fault(offset);
    }

    // The kernel writes a newline in a path as \012 and escapes nothing else, the backslash neither.
    private static string Path(ReadOnlySpan<byte> field, out bool deleted)
    {
        deleted = field.EndsWith(DeletedMark);
        if (deleted)
            field = field[..^DeletedMark.Length];
        var path = Encoding.UTF8.GetString(field);
        return path.Contains('\\', StringComparison.Ordinal) ? path.Replace("\\012", "\n", StringComparison.Ordinal) : path;
    }

    private static ElfFormatException Fault(long offset) =>
        new(FileName, offset, "a mapping as 'start-end perms offset major:minor inode path'");
}
