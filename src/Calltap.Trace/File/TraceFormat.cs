namespace Calltap.Trace;

/// <summary>Numbers of the file format; docs/trace-format.md is the specification.</summary>
static class TraceFormat
{
    /// <summary>First 8 bytes: "CALLTAP" and a Control-Z, which ends the display of the file on a terminal that knows it.</summary>
    public static ReadOnlySpan<byte> Magic => "CALLTAP\u001a"u8;

    /// <summary>The version written, and the only one read.</summary>
    public const uint Version = 1;

    /// <summary>Magic, u32 version, u32 zero.</summary>
    public const int FileHeaderBytes = 16;

    /// <summary>"CTCH": starts each chunk.</summary>
    public const uint ChunkMarker = 0x48435443;

    /// <summary>u32 marker, u16 type, u16 zero, u32 payload length, u32 checksum.</summary>
    public const int ChunkHeaderBytes = 16;

    /// <summary>Bytes of the chunk header under the checksum: all before the checksum itself.</summary>
    public const int CheckedHeaderBytes = 12;

    /// <summary>u32 tid, u32 count, u64 first time, u64 last time: in front of the columns of an events chunk.</summary>
    public const int EventsHeaderBytes = 24;

    /// <summary>u64 offset of the end chunk: the last bytes of a finished file.</summary>
    public const int FooterBytes = 8;
}
