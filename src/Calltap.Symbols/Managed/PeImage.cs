namespace Calltap.Symbols;

/// <summary>The headers of a PE32+ image for Linux on x86-64, as the ReadyToRun compiler writes it (Microsoft, "PE Format"; ECMA-335 II.25).</summary>
internal sealed class PeImage
{
    // The compiler marks the machine with the operating system: IMAGE_FILE_MACHINE_AMD64 ^ IMAGE_FILE_MACHINE_OS_MASK_LINUX.
    private const ushort Machine = 0x8664 ^ 0x7B79;
    private const uint Signature = 0x4550; // "PE"
    private const ushort Pe32Plus = 0x20B;
    private const int SignatureAt = 0x3C, OptionalHeaderSizeAt = 12, DirectoryCountAt = 108, CliHeaderIndex = 14;

    private readonly ReadOnlyMemory<byte> _image;

    private PeImage(ReadOnlyMemory<byte> image, string path, IReadOnlyList<PeSection> sections, DataDirectory cliHeader) =>
        (_image, Path, Sections, CliHeader) = (image, path, sections, cliHeader);

    public string Path { get; }

    public IReadOnlyList<PeSection> Sections { get; }

    /// <summary>Where the header of .NET is; empty when there is none.</summary>
    public DataDirectory CliHeader { get; }

    /// <exception cref="ElfFormatException">It is no such image.</exception>
    public static PeImage Read(ReadOnlyMemory<byte> image, string path, ElfLimits limits)
    {
        var cursor = new ElfCursor(image.Span, path, 0, "the PE headers");
        cursor.Seek(SignatureAt);
        cursor.Seek(cursor.U32());
        if (cursor.U32() != Signature)
            throw cursor.Fault("the signature PE");
        if (cursor.U16() != Machine)
            throw cursor.Fault("code for Linux on x86-64, compiled ahead of time (ReadyToRun)");
        var count = cursor.U16();
        if (count > limits.Sections)
            throw cursor.Fault($"at most {limits.Sections} sections");
        cursor.Take(OptionalHeaderSizeAt);
        var optionalSize = cursor.U16();
        cursor.U16(); // characteristics
        var optional = cursor.Position;
        var cliHeader = ReadCliHeader(ref cursor);
        cursor.Seek(optional + optionalSize);
        var sections = new PeSection[count];
        for (var i = 0; i < count; i++)
            sections[i] = ReadSection(ref cursor, image.Length);
        return new(image, path, sections, cliHeader);
    }

    /// <summary>The bytes that the file holds from an address to the end of its section; empty when it holds none.</summary>
    public ReadOnlyMemory<byte> BytesFrom(ulong address)
    {
        foreach (var section in Sections)
            if (address >= section.Address && address < section.End)
                return _image.Slice((int)(section.Offset + (address - section.Address)), (int)(section.End - address));
        return default;
    }

    /// <exception cref="ElfFormatException">The file does not hold all of it.</exception>
    public ReadOnlyMemory<byte> Bytes(DataDirectory directory, string what)
    {
        var bytes = BytesFrom(directory.Address);
        return directory.Size <= (uint)bytes.Length
            ? bytes[..(int)directory.Size]
            : throw new ElfFormatException(Path, 0, $"{directory.Size} bytes at 0x{directory.Address:x} in a section, {what}");
    }

    /// <summary>Reads what is at an address.</summary>
    public ElfCursor Cursor(DataDirectory directory, string what) => new(Bytes(directory, what).Span, Path, OffsetOf(directory.Address), what);

    /// <summary>Where in the file an address is; 0 when it is in no section.</summary>
    public long OffsetOf(ulong address) =>
        Sections.FirstOrDefault(s => address >= s.Address && address < s.End) is { } found ? (long)(address - found.Address + found.Offset) : 0;

    private static DataDirectory ReadCliHeader(ref ElfCursor cursor)
    {
        var start = cursor.Position;
        if (cursor.U16() != Pe32Plus)
            throw cursor.Fault("a header of 64 bits");
        cursor.Seek(start + DirectoryCountAt);
        if (cursor.U32() <= CliHeaderIndex)
            return default;
        cursor.Take(CliHeaderIndex * DataDirectory.EncodedSize);
        return DataDirectory.Read(ref cursor);
    }

    private static PeSection ReadSection(ref ElfCursor cursor, int length)
    {
        cursor.Take(8); // name
        uint memorySize = cursor.U32(), address = cursor.U32(), fileSize = cursor.U32(), offset = cursor.U32();
        cursor.Take(12); // relocations and line numbers of object files
        if ((ulong)offset + fileSize > (ulong)length)
            throw cursor.Fault("a section within the file");
        return new(address, memorySize, offset, fileSize, cursor.U32());
    }
}
