using System.Buffers.Binary;
using System.Text;

namespace Calltap.Managed;

/// <summary>
/// Messages of the diagnostics protocol (dotnet/diagnostics, documentation/design-docs/ipc-protocol.md). All numbers are little-endian.
/// <code>
/// 0   14  "DOTNET_IPC_V1\0"
/// 14  2   size of the whole message
/// 16  1   set of commands; 0xff in an answer
/// 17  1   command; in an answer 0 for done, 0xff for an error
/// 18  2   0
/// 20      payload
/// </code>
/// </summary>
static class DiagnosticsMessage
{
    public const int HeaderSize = 20;
    const int SizeAt = 14, SetAt = 16, CommandAt = 17;
    const byte AnswerSet = 0xff, Done = 0;

    static ReadOnlySpan<byte> Magic => "DOTNET_IPC_V1\0"u8;

    /// <summary>The bytes of a request.</summary>
    public static byte[] Request(byte set, byte command, ReadOnlySpan<byte> payload)
    {
        byte[] bytes = new byte[HeaderSize + payload.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(SizeAt), checked((ushort)bytes.Length));
        (bytes[SetAt], bytes[CommandAt]) = (set, command);
        payload.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    /// <summary>The size of the payload behind an answer's header; null when it is no such header.</summary>
    public static int? PayloadSize(ReadOnlySpan<byte> header) =>
        header.StartsWith(Magic) && header[SetAt] == AnswerSet && BinaryPrimitives.ReadUInt16LittleEndian(header[SizeAt..]) is >= HeaderSize and var size ? size - HeaderSize : null;

    /// <summary>Whether the answer is that it was done.</summary>
    public static bool IsDone(ReadOnlySpan<byte> header) => header[CommandAt] == Done;

    /// <summary>Reads what the three forms of ProcessInfo have in common, and what the later ones add.</summary>
    /// <param name="payload">Of the answer.</param>
    /// <param name="command">0x08: a version and the runtime identifier too; 0x04: without those; 0x00: neither assembly nor runtime version.</param>
    /// <exception cref="DiagnosticsException">It ends too early.</exception>
    public static DotNetIdentity Identity(ReadOnlySpan<byte> payload, byte command)
    {
        const int CookieSize = 16;
        if (command == ProcessCommand.Info3) Take(ref payload, sizeof(uint));
        long id = BinaryPrimitives.ReadInt64LittleEndian(Take(ref payload, sizeof(long)));
        Take(ref payload, CookieSize);
        string commandLine = Text(ref payload);
        Text(ref payload); // operating system
        string architecture = Text(ref payload);
        bool hasMore = command != ProcessCommand.Info;
        return new DotNetIdentity(
            id, commandLine, architecture, hasMore ? Text(ref payload) : null, hasMore ? Text(ref payload) : null, command == ProcessCommand.Info3 ? Text(ref payload) : null);
    }

    /// <summary>A length in UTF-16 units with the 0 at the end, and the units.</summary>
    static string Text(ref ReadOnlySpan<byte> payload)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref payload, sizeof(uint)));
        if (length > payload.Length / sizeof(char)) throw Short();
        return Encoding.Unicode.GetString(Take(ref payload, (int)length * sizeof(char))).TrimEnd('\0');
    }

    static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int size)
    {
        if (size > rest.Length) throw Short();
        ReadOnlySpan<byte> taken = rest[..size];
        rest = rest[size..];
        return taken;
    }

    static DiagnosticsException Short() => new("the runtime's answer ends too early");
}
