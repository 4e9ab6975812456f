using static Calltap.Symbols.ElfConstants;

namespace Calltap.Symbols;

/// <summary>Reads the frame description entries of .eh_frame (LSB core specification, "Exception Frames").</summary>
internal sealed class EhFrame
{
    private readonly ElfFile _file;
    private readonly CodeMap _code;
    private readonly ulong _address;
    private readonly ulong _offset;
    private readonly ulong _size;
    private readonly ulong _dataBase;
    private readonly Dictionary<int, Cie?> _cies = [];

    private EhFrame(ElfFile file, CodeMap code, ulong address, ulong offset, ulong size)
    {
        _file = file;
        _code = code;
        _address = address;
        _offset = offset;
        _size = size;
        _dataBase = file.FindSection(".got.plt")?.Address ?? file.FindSection(".got")?.Address ?? 0;
    }

    private ReadOnlySpan<byte> Bytes => _file.Slice(_offset, _size, ".eh_frame");

    /// <summary>The entries whose range starts in <paramref name="code"/>, by address, one for each start.</summary>
    public static Fde[] Read(ElfFile file, CodeMap code)
    {
        if (Locate(file) is not var (address, offset, size))
            return [];
        var fdes = new EhFrame(file, code, address, offset, size).ReadAll();
        fdes.Sort((left, right) => left.Start != right.Start ? left.Start.CompareTo(right.Start) : right.Size.CompareTo(left.Size));
        return WithoutRepeats(fdes);
    }

    private static Fde[] WithoutRepeats(List<Fde> sorted)
    {
        var kept = 0;
        for (var i = 0; i < sorted.Count; i++)
            if (kept == 0 || sorted[kept - 1].Start != sorted[i].Start)
                sorted[kept++] = sorted[i];
        sorted.RemoveRange(kept, sorted.Count - kept);
        return [.. sorted];
    }

    private static (ulong Address, ulong Offset, ulong Size)? Locate(ElfFile file)
    {
        if (file.FindSection(".eh_frame") is { } section)
            return (section.Address, section.Offset, section.Size);
        return file.Sections.Count == 0 ? LocateBySegment(file) : null;
    }

    // Without section headers .eh_frame_hdr tells where it starts: version 1, eh_frame_ptr's encoding, two more, eh_frame_ptr.
    private static (ulong Address, ulong Offset, ulong Size)? LocateBySegment(ElfFile file)
    {
        foreach (var segment in file.Segments.Where(s => s.Type == PtGnuEhFrame))
        {
            var bytes = file.Slice(segment.Offset, segment.FileSize, ".eh_frame_hdr");
            var header = new ElfCursor(bytes, file.Path, (long)segment.Offset, ".eh_frame_hdr");
            if (header.U8() != 1)
                throw header.Fault("version 1");
            var encoding = header.U8();
            header.Take(2);
            var address = new EhPointer(file, segment.Address, segment.Address).Read(ref header, encoding, 0);
            return file.TryLocate(address, out var offset, out var size) ? (address, offset, size) : null;
        }

        return null;
    }

    private List<Fde> ReadAll()
    {
        var fdes = new List<Fde>();
        var bytes = Bytes;
        var hasSections = _file.Sections.Count > 0;
        for (var position = 0; bytes.Length - position >= 4;)
        {
            var entry = Entry(bytes, position);
            var length = entry.U32();
            if (length == 0 && !hasSections)
                break; // the size is not known, the terminator is
            if (length == 0)
            {
                position += 4;
                continue;
            }

            var body = Body(ref entry, bytes, length, position, out var next);
            AddFde(fdes, ref body, position + entry.Position);
            position = next;
        }

        return fdes;
    }

    // The 32-bit length may be an escape to a 64-bit one; the CIE pointer has 4 bytes in both.
    private ElfCursor Body(ref ElfCursor entry, ReadOnlySpan<byte> bytes, uint length32, int position, out int next)
    {
        var length = length32 == uint.MaxValue ? entry.U64() : length32;
        if (length > (ulong)entry.Remaining)
            throw entry.Fault($"an entry of at most {entry.Remaining} bytes rather than {length}");
        var start = position + entry.Position;
        next = start + (int)length;
        var body = Entry(bytes[..next], 0);
        body.Seek(start);
        return body;
    }

    private ElfCursor Entry(ReadOnlySpan<byte> bytes, int position) =>
        new(bytes[position..], _file.Path, (long)_offset + position, ".eh_frame");

    private void AddFde(List<Fde> fdes, ref ElfCursor body, int idPosition)
    {
        var id = body.U32();
        if (id == 0 || CieAt(ref body, idPosition - (long)id) is not { } cie)
            return;
        var pointers = new EhPointer(_file, _address, _dataBase);
        var start = pointers.Read(ref body, cie.PointerEncoding, 0);
        var size = EhPointer.ReadValue(ref body, cie.PointerEncoding);
        var end = _code.EndOf(start);
        if (size == 0 || end == 0)
            return; // its code was discarded by the linker
        var lsda = cie.HasAugmentationData ? ReadLsda(ref body, pointers, cie, start) : 0;
        if (fdes.Count == _file.Limits.Fdes)
            throw body.Fault($"at most {_file.Limits.Fdes} entries");
        fdes.Add(new(start, Math.Min(size, end - start), lsda, cie.Initial.After(ref body).IsCall, cie.IsSignalFrame));
    }

    private static ulong ReadLsda(ref ElfCursor body, EhPointer pointers, Cie cie, ulong functionStart)
    {
        var length = body.Length();
        var end = body.Position + length;
        var lsda = cie.LsdaEncoding == EhPointer.Omit ? 0 : pointers.Read(ref body, cie.LsdaEncoding, functionStart);
        body.Seek(end);
        return lsda;
    }

    private Cie? CieAt(ref ElfCursor fde, long position)
    {
        if (position < 0)
            throw fde.Fault($"a CIE within the section rather than at {position}");
        if (_cies.TryGetValue((int)position, out var known))
            return known;
        if (_cies.Count == _file.Limits.Cies)
            throw fde.Fault($"at most {_file.Limits.Cies} CIEs");
        var bytes = Bytes;
        var entry = Entry(bytes, (int)position);
        var body = Body(ref entry, bytes, entry.U32(), (int)position, out _);
        if (body.U32() != 0)
            throw body.Fault("a CIE, whose id is 0");
        return _cies[(int)position] = Cie.Read(body, _file.Limits.CieInstructionBytes);
    }
}
