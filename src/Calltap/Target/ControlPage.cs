using System.Buffers.Binary;

namespace Calltap.Target;

/// <summary>
/// The private page through which the helper starts: offsets in bytes. The rest, up to its end, is the helper's stack. The tracer writes it by
/// TargetTextWriter, the helper unmaps it when it leaves.
/// </summary>
internal static class ControlPage
{
    internal const int Bytes = 4096;

    /// <summary>u32: 0 starting, then <see cref="Ready"/> or <see cref="Failed"/>; written by the helper last.</summary>
    internal const int State = 0;

    /// <summary>u32: how long the helper waits for the tracer, ms.</summary>
    internal const int Patience = 4;

    /// <summary>i32 x 2: the ends of the pipe, to read and to write.</summary>
    internal const int Pipe = 8;

    /// <summary>i32: the memfd.</summary>
    internal const int MemoryFile = 16;

    /// <summary>u32: the step that failed.</summary>
    internal const int Step = 20;

    /// <summary>i64: the negative errno of that step.</summary>
    internal const int Error = 24;

    /// <summary>u64: where the shared memory is in the target.</summary>
    internal const int SharedAddress = 32;

    /// <summary>u64: its size in bytes; written by the tracer.</summary>
    internal const int SharedSize = 40;

    /// <summary>pollfd: the pipe's end to read, which becomes readable when the tracer has opened the helper's files.</summary>
    internal const int Poll = 48;

    /// <summary>The name of the memfd, with its zero byte.</summary>
    internal const int Name = 64;

    /// <summary>One byte, read from the pipe and ignored.</summary>
    internal const int PipeByte = 80;

    /// <summary>u64: its own address. The helper's thread pointer points here, so that no thread of the target shares its own with it.</summary>
    internal const int ThreadPointer = 128;

    internal const int Ready = 1;
    internal const int Failed = 2;

    private const short POLLIN = 1;

    /// <summary>The fields the tracer fills in before the helper exists.</summary>
    internal static byte[] Initial(TargetAddress page, HelperOptions options)
    {
        byte[] bytes = new byte[ThreadPointer + sizeof(ulong)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(SharedSize), options.SharedSize.Value);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Patience), (int)options.Patience.TotalMilliseconds);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(Poll + sizeof(int)), POLLIN);
        "calltap"u8.CopyTo(bytes.AsSpan(Name));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(ThreadPointer), page.Value + ThreadPointer);
        return bytes;
    }
}
