using System.Buffers.Binary;
using System.Text;
using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>Reads the ELF header, the program headers and the section headers (gABI chapters 4 and 5).</summary>
internal static class ElfFileReader
{
    private readonly record struct Header(ushort Type, ulong Entry, ulong PhOffset, ulong ShOffset, uint PhCount, uint ShCount, uint NameIndex);

    public static ElfFile Read(ReadOnlyMemory<byte> image, string path, ElfLimits limits)
    {
        var bytes = image.Span;
        var header = WithExtendedCounts(bytes, path, ReadHeader(bytes, path));
        if (header.PhCount > limits.Segments)
            throw new ElfFormatException(path, 56, $"at most {limits.Segments} program headers rather than {header.PhCount}");
        if (header.ShCount > limits.Sections)
            throw new ElfFormatException(path, 60, $"at most {limits.Sections} section headers rather than {header.ShCount}");
        return new()
        {
            Path = path,
            Image = image,
            Limits = limits,
            IsPositionIndependent = header.Type == EtDyn,
            EntryPoint = header.Entry,
            Segments = ReadSegments(bytes, path, header),
            Sections = ReadSections(bytes, path, header, limits),
        };
    }

    private static Header ReadHeader(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.Length < EhdrSize || !bytes.StartsWith("\x7f"u8) || !bytes[1..].StartsWith("ELF"u8))
            throw new ElfFormatException(path, 0, "an ELF header");
        if (bytes[4] != 2 || bytes[5] != 1 || U16(bytes, 18) != EmX8664)
            throw new ElfFormatException(path, 4, "a 64-bit little-endian x86-64 file");
        var type = U16(bytes, 16);
        if (type is not (EtExec or EtDyn))
            throw new ElfFormatException(path, 16, $"an executable or a shared object (e_type 2 or 3) rather than e_type {type}");
        var header = new Header(type, U64(bytes, 24), U64(bytes, 32), U64(bytes, 40), U16(bytes, 56), U16(bytes, 60), U16(bytes, 62));
        if (header.PhCount > 0 && U16(bytes, 54) != PhdrSize)
            throw new ElfFormatException(path, 54, $"program headers of {PhdrSize} bytes");
        if (header.ShOffset > 0 && U16(bytes, 58) != ShdrSize)
            throw new ElfFormatException(path, 58, $"section headers of {ShdrSize} bytes");
        return header;
    }

    // Counts that do not fit into 16 bits are kept in the first section header.
    private static Header WithExtendedCounts(ReadOnlySpan<byte> bytes, string path, Header header)
    {
        if (header.ShOffset == 0)
            return header with { ShCount = 0 };
        var first = Table(bytes, path, header.ShOffset, 1, ShdrSize, "a first section header");
        var size = U64(first, 32);
        return header with
        {
            ShCount = header.ShCount == 0 ? (uint)Math.Min(size, uint.MaxValue) : header.ShCount,
            PhCount = header.PhCount == PnXnum ? U32(first, 44) : header.PhCount,
            NameIndex = header.NameIndex == ShnXindex ? U32(first, 40) : header.NameIndex,
        };
    }

    private static ElfSegment[] ReadSegments(ReadOnlySpan<byte> bytes, string path, Header header)
    {
        var table = Table(bytes, path, header.PhOffset, header.PhCount, PhdrSize, "program headers");
        var segments = new ElfSegment[header.PhCount];
        for (var i = 0; i < segments.Length; i++)
        {
            var entry = table.Slice(i * PhdrSize, PhdrSize);
            segments[i] = new(U32(entry, 0), U32(entry, 4), U64(entry, 8), U64(entry, 16), U64(entry, 32), U64(entry, 40));
            if (segments[i].Type == PtLoad)
                CheckLoad(segments[i], bytes.Length, path);
        }

        return segments;
    }

    private static void CheckLoad(ElfSegment segment, int fileLength, string path)
    {
        var end = unchecked(segment.Address + segment.MemorySize);
        if (segment.MemorySize > long.MaxValue || end < segment.Address || segment.FileSize > segment.MemorySize)
            throw new ElfFormatException(path, ElfFile.Clamp(segment.Offset), "a PT_LOAD whose memory does not wrap and holds its file bytes");
        if (segment.Offset > (ulong)fileLength || segment.FileSize > (ulong)fileLength - segment.Offset)
            throw new ElfFormatException(path, ElfFile.Clamp(segment.Offset), $"a PT_LOAD within a file of {fileLength} bytes");
    }

    private static ElfSection[] ReadSections(ReadOnlySpan<byte> bytes, string path, Header header, ElfLimits limits)
    {
        if (header.ShCount == 0)
            return [];
        var table = Table(bytes, path, header.ShOffset, header.ShCount, ShdrSize, "section headers");
        var names = SectionNames(bytes, path, table, header);
        var sections = new ElfSection[header.ShCount];
        for (var i = 0; i < sections.Length; i++)
        {
            var entry = table.Slice(i * ShdrSize, ShdrSize);
            var name = SectionName(names, path, U32(entry, 0), limits);
            sections[i] = new(name, U32(entry, 4), U64(entry, 8), U64(entry, 16), U64(entry, 24), U64(entry, 32), U32(entry, 40));
            if (sections[i].IsAllocated && unchecked(sections[i].Address + sections[i].Size) < sections[i].Address)
                throw new ElfFormatException(path, ElfFile.Clamp(header.ShOffset), $"section {i} not to wrap around the address space");
        }

        return sections;
    }

    private static ReadOnlySpan<byte> SectionNames(ReadOnlySpan<byte> bytes, string path, ReadOnlySpan<byte> table, Header header)
    {
        if (header.NameIndex == 0 || header.NameIndex >= header.ShCount)
            return [];
        var entry = table.Slice((int)header.NameIndex * ShdrSize, ShdrSize);
        return Table(bytes, path, U64(entry, 24), U64(entry, 32), 1, "section names");
    }

    private static string SectionName(ReadOnlySpan<byte> names, string path, uint offset, ElfLimits limits)
    {
        if (names.IsEmpty)
            return "";
        if (offset >= (uint)names.Length)
            throw new ElfFormatException(path, offset, $"a section name below {names.Length}");
        var rest = names[(int)offset..];
        var end = rest[..Math.Min(rest.Length, Math.Min(limits.NameBytes, 1024))].IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(rest[..end]) : throw new ElfFormatException(path, offset, "a section name of at most 1024 bytes");
    }

    private static ReadOnlySpan<byte> Table(ReadOnlySpan<byte> bytes, string path, ulong offset, ulong count, int size, string what)
    {
        var length = (ulong)bytes.Length;
        if (offset > length || count > (length - offset) / (ulong)size)
            throw new ElfFormatException(path, ElfFile.Clamp(offset), $"{count} x {size} bytes of {what} within a file of {length} bytes");
        return bytes.Slice((int)offset, (int)count * size);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
