using System.Text;

namespace Calltap.Symbols;

/// <summary>
/// Reads what a .NET runtime sends of its events: the nettrace format, version 4 (microsoft/perfview, EventPipeFormat.md), of .NET 8 to 10.
/// <code>
///   "Nettrace" 20 "!FastSerialization.1" { object } 1
///   object = 5 5 1 version least-version length name 6 fields 6     numbers of the type are 4 bytes, single digits here are bytes
///   fields = 48 bytes of a Trace, or size, padding to 4 of the stream, and so many bytes of a block
/// </code>
/// Nothing that it keeps is larger than the stream: of events only where they are in it, and a name for each kind.
/// </summary>
public static class NettraceReader
{
    private const byte NullReference = 1, Begin = 5, End = 6;
    private const int Version = 4, TraceSize = 48, Alignment = 4, LongestName = 64;

    private static ReadOnlySpan<byte> Start => "Nettrace\x14\0\0\0!FastSerialization.1"u8;

    /// <summary>The events in their order; they are read as they are taken.</summary>
    /// <param name="name">What the stream is called in errors.</param>
    /// <param name="stream">All of it.</param>
    /// <exception cref="ElfFormatException">It is damaged, or ends too early; thrown when the events before were given.</exception>
    public static IEnumerable<NettraceEvent> Read(string name, ReadOnlyMemory<byte> stream)
    {
        var cursor = new NettraceCursor(name, stream, 0);
        if (!stream.Span.StartsWith(Start))
            throw cursor.Fault("the start of a nettrace stream");
        cursor.Skip(Start.Length);
        var kinds = new NettraceKinds();
        while (Next(cursor) is { } type)
        {
            var isMetadata = type == "MetadataBlock";
            var fields = Fields(cursor, type);
            if (isMetadata || type == "EventBlock")
                foreach (var blob in NettraceBlock.Read(fields))
                {
                    if (isMetadata)
                        kinds.Add(blob);
                    else if (kinds.Of(blob) is { } known)
                        yield return known;
                }

            Expect(cursor, End);
        }
    }

    /// <summary>The type of the next object; null when the stream says that there is none.</summary>
    private static string? Next(NettraceCursor cursor)
    {
        var tag = cursor.Byte();
        if (tag == NullReference)
            return null;
        if (tag != Begin)
            throw cursor.Fault("an object");
        Expect(cursor, Begin);
        Expect(cursor, NullReference);
        cursor.Skip(sizeof(int));
        if (cursor.Int32() > Version)
            throw cursor.Fault($"version {Version} of the format");
        var length = cursor.UInt32();
        if (length > LongestName)
            throw cursor.Fault("the name of a type");
        var type = Encoding.UTF8.GetString(cursor.Take(length).Span);
        Expect(cursor, End);
        return type;
    }

    private static NettraceCursor Fields(NettraceCursor cursor, string type)
    {
        if (type == "Trace")
            return cursor.Part(TraceSize);
        var size = cursor.Int32();
        cursor.Skip(-cursor.Offset & (Alignment - 1));
        return cursor.Part(size);
    }

    private static void Expect(NettraceCursor cursor, byte tag)
    {
        if (cursor.Byte() != tag)
            throw cursor.Fault($"tag {tag}");
    }
}
