using System.Buffers.Binary;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>
/// What was mapped where sites are, in the target: by it another process tells a module from whatever lies in its place after this one has died.
/// </summary>
/// <remarks>
/// <code>
/// +0  qword start   +8 qword end   +16 qword offset in the file
/// +24 qword inode   +32 dword major, +36 dword minor number of the device
/// </code>
/// Numbers begin at 1.
/// </remarks>
sealed class MappingTable(TargetTextWriter writer, TargetAddress table, SessionMemory session)
{
    /// <summary>Bytes of the table.</summary>
    public const int Size = 20 * 4096;

    const int EntrySize = 40;
    const int MaxEntries = Size / EntrySize;

    readonly MappingNumbers _numbers = new(MaxEntries);
    (MemoryMapping? Mapping, int Number) _last;

    /// <summary>Which numbers the sites have that may hold something of ours.</summary>
    public required Func<IReadOnlySet<int>> InUse { get; init; }

    /// <summary>The copy of a table in what was just forked.</summary>
    public MappingTable(MappingTable original, TargetTextWriter writer, TargetAddress table, SessionMemory session)
        : this(writer, table, session)
    {
        _numbers = new MappingNumbers(original._numbers);
        session.Set32(SessionHeader.MappingCount, _numbers.Highest);
    }

    /// <summary>The number of a mapping, which is in the table when this returns; 0 for none, and when the table is full.</summary>
    public int NumberOf(MemoryMapping? mapping)
    {
        if (mapping is null) return 0;
        if (ReferenceEquals(mapping, _last.Mapping)) return _last.Number; // sites come by address
        int number = _numbers.Of(mapping, InUse, out bool isNew);
        if (isNew)
        {
            Span<byte> entry = stackalloc byte[EntrySize];
            Write(entry, mapping);
            writer.Place(table + EntrySize * (number - 1), entry);
            session.Set32(SessionHeader.MappingCount, _numbers.Highest);
        }
        _last = (mapping, number);
        return number;
    }

    static void Write(Span<byte> to, MemoryMapping mapping)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, mapping.Start.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], mapping.End.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], mapping.Offset.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(to[24..], mapping.Inode);
        BinaryPrimitives.WriteUInt32LittleEndian(to[32..], mapping.Device.Major);
        BinaryPrimitives.WriteUInt32LittleEndian(to[36..], mapping.Device.Minor);
    }

    /// <summary>The mappings of a session that was found in a target, by their number less one; without permissions and paths.</summary>
    /// <param name="target">The target.</param>
    /// <param name="header">The session's header.</param>
    public static IReadOnlyList<MemoryMapping> Read(TargetProcess target, ReadOnlySpan<byte> header)
    {
        int count = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(header[SessionHeader.MappingCount..]), 0, MaxEntries);
        var bytes = new byte[EntrySize * count];
        int read = target.ReadMemory(new(BinaryPrimitives.ReadUInt64LittleEndian(header[SessionHeader.MappingTable..])), bytes);
        var mappings = new List<MemoryMapping>();
        for (int at = 0; at + EntrySize <= read; at += EntrySize) mappings.Add(Read(bytes.AsSpan(at)));
        return mappings;
    }

    static MemoryMapping Read(ReadOnlySpan<byte> from) => new(
        new(BinaryPrimitives.ReadUInt64LittleEndian(from)), new(BinaryPrimitives.ReadUInt64LittleEndian(from[8..])), MappingPermissions.None,
        new(BinaryPrimitives.ReadInt64LittleEndian(from[16..])),
        new(BinaryPrimitives.ReadUInt32LittleEndian(from[32..]), BinaryPrimitives.ReadUInt32LittleEndian(from[36..])),
        BinaryPrimitives.ReadUInt64LittleEndian(from[24..]), "", false);
}
