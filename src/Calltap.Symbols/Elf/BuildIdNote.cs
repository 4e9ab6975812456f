namespace Calltap.Symbols;

/// <summary>Finds NT_GNU_BUILD_ID among the notes of a file.</summary>
internal static class BuildIdNote
{
    private const int MaximumIdBytes = 64;

    /// <summary>The build-id as lower-case hex, or null.</summary>
    public static string? Read(ElfFile file)
    {
        // Debug files keep the segments of the original, whose offsets mean nothing there: the sections come first.
        foreach (var section in file.Sections.Where(s => s.Type == ElfConstants.ShtNote))
            if (Find(file, section.Offset, section.Size) is { } id)
                return id;
        foreach (var segment in file.Segments.Where(s => s.Type == ElfConstants.PtNote))
            if (Find(file, segment.Offset, segment.FileSize) is { } id)
                return id;
        return null;
    }

    private static string? Find(ElfFile file, ulong offset, ulong size)
    {
        if (offset > (ulong)file.Image.Length)
            return null;
        var available = Math.Min(Math.Min(size, (ulong)file.Limits.NoteBytes), (ulong)file.Image.Length - offset);
        var notes = new ElfCursor(file.Slice(offset, available, "notes"), file.Path, (long)offset, "notes");
        while (notes.Remaining >= 12)
        {
            var nameSize = notes.U32();
            var descriptionSize = notes.U32();
            var type = notes.U32();
            if (Padded(nameSize) + Padded(descriptionSize) > notes.Remaining)
                return null;
            var name = notes.Take(Padded(nameSize))[..(int)nameSize];
            var description = notes.Take(Padded(descriptionSize))[..(int)descriptionSize];
            if (type == ElfConstants.NtGnuBuildId && name.SequenceEqual("GNU\0"u8) && descriptionSize is > 1 and <= MaximumIdBytes)
                return Convert.ToHexStringLower(description);
        }

        return null;
    }

    private static long Padded(uint size) => ((long)size + 3) & ~3L;
}
