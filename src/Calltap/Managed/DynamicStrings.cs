using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>
/// The names for the dynamic linker in an ELF file (gABI chapter 5: PT_DYNAMIC, DT_STRTAB), read in three short pieces: <c>calltap ps</c> asks the programs of all
/// processes, and some of them have 100 MB.
/// </summary>
static class DynamicStrings
{
    const int EhdrSize = 64, PhdrSize = 56, MaxHeaders = 64, DynSize = 16, MaxDynamic = 64 * 1024, MaxStrings = 16 * 1024 * 1024;
    const uint PtLoad = 1, PtDynamic = 2, PfWrite = 2;
    const ulong DtStrtab = 5, DtStrsz = 10;

    readonly record struct Segment(uint Type, uint Flags, ulong Offset, ulong Address, ulong FileSize);

    /// <summary>Whether one of them is <paramref name="name"/>; false for what is not such a file, or may not be read.</summary>
    public static bool Contain(string path, string name)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return Read(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Where in the file its data that may be written are.</summary>
    public static IEnumerable<(long Offset, long Size)> WritableSegments(SafeFileHandle file) =>
        Segments(file).Where(s => s.Type == PtLoad && (s.Flags & PfWrite) != 0 && Math.Max(s.Offset, s.FileSize) < long.MaxValue / 2).Select(s => ((long)s.Offset, (long)s.FileSize));

    static byte[] Read(SafeFileHandle file)
    {
        List<Segment> segments = Segments(file);
        ulong address = 0, size = 0;
        foreach (Segment segment in segments.Where(s => s.Type == PtDynamic).Take(1))
            for (ReadOnlySpan<byte> table = Bytes(file, segment.Offset, segment.FileSize, MaxDynamic); table.Length >= DynSize; table = table[DynSize..])
            {
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(table[8..]);
                switch (BinaryPrimitives.ReadUInt64LittleEndian(table))
                {
                    case DtStrtab: address = value; break;
                    case DtStrsz: size = value; break;
                }
            }

        foreach (Segment segment in segments.Where(s => s.Type == PtLoad && unchecked(address - s.Address) < s.FileSize).Take(1))
            return Bytes(file, segment.Offset + (address - segment.Address), size, MaxStrings);
        return [];
    }

    static List<Segment> Segments(SafeFileHandle file)
    {
        byte[] header = Bytes(file, 0, EhdrSize, EhdrSize);
        List<Segment> segments = [];
        if (header.Length < EhdrSize || !header.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8)) return segments;
        int count = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56)), MaxHeaders);
        ReadOnlySpan<byte> table = Bytes(file, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32)), (ulong)(count * PhdrSize), MaxHeaders * PhdrSize);
        for (; table.Length >= PhdrSize; table = table[PhdrSize..])
            segments.Add(new Segment(
                BinaryPrimitives.ReadUInt32LittleEndian(table), BinaryPrimitives.ReadUInt32LittleEndian(table[4..]), BinaryPrimitives.ReadUInt64LittleEndian(table[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(table[16..]), BinaryPrimitives.ReadUInt64LittleEndian(table[32..])));
        return segments;
    }

    /// <summary>What there is of it; nothing where it would be longer than any such table is.</summary>
    static byte[] Bytes(SafeFileHandle file, ulong offset, ulong size, int most)
    {
        if (size > (ulong)most || offset > long.MaxValue - (ulong)most) return [];
        byte[] bytes = new byte[(int)size];
        int done = 0;
        for (int read = 1; read > 0 && done < bytes.Length; done += read) read = RandomAccess.Read(file, bytes.AsSpan(done), (long)offset + done);
        return bytes[..done];
    }
}
