using System.Buffers.Binary;

namespace Calltap.Managed;

/// <summary>What the kernel asks of whoever serves a file, and how it is answered (linux/fuse.h, struct fuse_in_header, protocol 7.45).</summary>
static class FuseRequest
{
    public const int HeaderSize = 40, AnswerSize = 16;

    /// <summary>Bytes that one write brings at most.</summary>
    public const int MostWritten = 1 << 16;

    const int ENOSYS = 38;
    const uint SupportsMoreFlags = 1 << 30, SupportsTimeout = 1 << 10; // FUSE_INIT_EXT; FUSE_REQUEST_TIMEOUT, in the second word
    const int Major = 7, LastMinor = 45;
    const int DirectIo = 1; // FOPEN_DIRECT_IO: each write is asked for as it was made
    const uint RegularFile = 0x81A4; // S_IFREG, 0644

    /// <summary>What is asked: FUSE_FORGET and the like.</summary>
    public enum Operation
    {
        Forget = 2, GetAttributes = 3, SetAttributes = 4, Open = 14, Write = 16, Release = 18, Flush = 25, Init = 26, Interrupt = 36, Destroy = 38, ForgetMany = 42,
    }

    /// <summary>What a request asks.</summary>
    public static Operation OperationOf(ReadOnlySpan<byte> request) => (Operation)BinaryPrimitives.ReadInt32LittleEndian(request[4..]);

    /// <summary>Which one it is.</summary>
    public static ulong IdOf(ReadOnlySpan<byte> request) => BinaryPrimitives.ReadUInt64LittleEndian(request[8..]);

    /// <summary>What a write brings (struct fuse_write_in, 40 bytes, then as many as it says).</summary>
    public static ReadOnlySpan<byte> WrittenBy(ReadOnlySpan<byte> request)
    {
        const int Size = HeaderSize + 16, Data = HeaderSize + 40;
        return request[Data..][..Math.Min(request.Length - Data, BinaryPrimitives.ReadInt32LittleEndian(request[Size..]))];
    }

    /// <summary>The answer to everything but a write; null where none is wanted.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="owner">The file's user.</param>
    public static byte[]? Answer(ReadOnlySpan<byte> request, uint owner) => OperationOf(request) switch
    {
        Operation.Forget or Operation.ForgetMany or Operation.Interrupt => null,
        Operation.Init => Made(request, Initialise(request[HeaderSize..])),
        Operation.GetAttributes or Operation.SetAttributes => Made(request, Attributes(owner)),
        Operation.Open => Made(request, Opened()),
        Operation.Release or Operation.Flush or Operation.Destroy => Made(request, []),
        _ => Refused(request),
    };

    /// <summary>The answer to a write: all of it was.</summary>
    public static byte[] Written(ulong id, int size)
    {
        var body = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(body, size);
        return Made(id, 0, body);
    }

    static byte[] Made(ReadOnlySpan<byte> request, byte[] body) => Made(IdOf(request), 0, body);

    static byte[] Refused(ReadOnlySpan<byte> request) => Made(IdOf(request), -ENOSYS, []);

    static byte[] Made(ulong id, int error, byte[] body)
    {
        var answer = new byte[AnswerSize + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(answer, answer.Length);
        BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(4), error);
        BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(8), id);
        body.CopyTo(answer, AnswerSize);
        return answer;
    }

    /// <summary>struct fuse_init_out. Where the kernel can (6.14), it gives up a server that does not answer within some seconds: one that was stopped, as by a debugger.</summary>
    static byte[] Initialise(ReadOnlySpan<byte> asked)
    {
        const int Flags = 12, MoreFlags = 16, MostWrittenAt = 20, Granularity = 24, MoreFlagsOut = 32, Timeout = 40;
        bool extended = asked.Length >= 20 && (BinaryPrimitives.ReadUInt32LittleEndian(asked[Flags..]) & SupportsMoreFlags) != 0;
        bool timed = extended && (BinaryPrimitives.ReadUInt32LittleEndian(asked[MoreFlags..]) & SupportsTimeout) != 0;
        var body = new byte[64];
        BinaryPrimitives.WriteInt32LittleEndian(body, Major);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), Math.Min(LastMinor, BinaryPrimitives.ReadInt32LittleEndian(asked[4..])));
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(Flags), timed ? SupportsMoreFlags : 0);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(MostWrittenAt), MostWritten);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(Granularity), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(MoreFlagsOut), timed ? SupportsTimeout : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(Timeout), timed ? (ushort)SecondsToAnswer : (ushort)0);
        return body;
    }

    /// <summary>The kernel looks every 15 s.</summary>
    const int SecondsToAnswer = 15;

    /// <summary>struct fuse_attr_out: an empty file, whatever was written.</summary>
    static byte[] Attributes(uint owner)
    {
        const int Inode = 16, Mode = 76, Links = 80, Owner = 84, BlockSize = 96;
        var body = new byte[104];
        body[Inode] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(Mode), RegularFile);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(Links), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(Owner), owner);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(BlockSize), 4096);
        return body;
    }

    static byte[] Opened()
    {
        var body = new byte[16];
        body[0] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(8), DirectIo);
        return body;
    }
}
