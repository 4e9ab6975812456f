namespace Calltap.Symbols;

/// <summary>The headers of one ELF64 file for x86-64 and checked access to its bytes.</summary>
internal sealed class ElfFile
{
    public required string Path { get; init; }

    public required ReadOnlyMemory<byte> Image { get; init; }

    public required ElfLimits Limits { get; init; }

    public required bool IsPositionIndependent { get; init; }

    public required ulong EntryPoint { get; init; }

    public required IReadOnlyList<ElfSegment> Segments { get; init; }

    public required IReadOnlyList<ElfSection> Sections { get; init; }

    public bool HasSegment(uint type) => Segments.Any(s => s.Type == type);

    public ElfSection? FindSection(string name) => Sections.FirstOrDefault(s => s.Name == name && s.HasBytes);

    public ElfSection? FindSection(uint type) => Sections.FirstOrDefault(s => s.Type == type);

    public ReadOnlySpan<byte> Bytes(ElfSection section) =>
        section.HasBytes ? Slice(section.Offset, section.Size, section.Name) : [];

    public ElfCursor Cursor(ElfSection section) => new(Bytes(section), Path, (long)section.Offset, section.Name);

    public ReadOnlySpan<byte> Slice(ulong offset, ulong size, string what)
    {
        var length = (ulong)Image.Length;
        if (offset > length || size > length - offset)
            throw new ElfFormatException(Path, Clamp(offset), $"{what} of {size} bytes within a file of {length} bytes");
        return Image.Span.Slice((int)offset, (int)size);
    }

    /// <summary>The file-backed bytes from <paramref name="address"/> to the end of its segment; empty when it has none.</summary>
    public ReadOnlyMemory<byte> BytesFrom(ulong address) =>
        TryLocate(address, out var offset, out var size) ? Image.Slice((int)offset, (int)size) : default;

    /// <summary>The file offset behind <paramref name="address"/> and how many bytes of its segment follow there.</summary>
    public bool TryLocate(ulong address, out ulong offset, out ulong size)
    {
        for (var i = 0; i < Segments.Count; i++)
        {
            var segment = Segments[i];
            offset = unchecked(segment.Offset + (address - segment.Address));
            size = unchecked(segment.FileSize - (address - segment.Address));
            if (segment.Type == ElfConstants.PtLoad && unchecked(address - segment.Address) < segment.FileSize)
                return true;
        }

        offset = size = 0;
        return false;
    }

    public static long Clamp(ulong offset) => (long)Math.Min(offset, long.MaxValue);
}
