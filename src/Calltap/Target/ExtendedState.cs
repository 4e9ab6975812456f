using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;

namespace Calltap.Target;

/// <summary>
/// The x87, SSE, AVX... state of a thread, turned from the form of NT_X86_XSTATE into that of a signal frame (arch/x86/kernel/fpu/signal.c):
/// <code>
///   0  legacy FXSAVE area; at 464 the software bytes: magic1 u32, extended_size u32, xfeatures u64, xstate_size u32
/// 512  XSAVE header: xstate_bv u64 ...
/// 576  components at the offsets of CPUID leaf 0xD
///  n   magic2 u32
/// </code>
/// </summary>
internal static class ExtendedState
{
    /// <summary>Room for every state there is, AMX tiles among them.</summary>
    internal const int MaximumBytes = 16384;

    private const int SoftwareBytes = 464;
    private const int HeaderOffset = 512;
    private const int FirstComponent = 2;
    private const int LastComponent = 62;
    private const int FixedBytes = 576;
    private const int ProtectionKeys = 9;
    private const ulong TileData = 3UL << 17;
    private const uint FP_XSTATE_MAGIC1 = 0x46505853;
    private const uint FP_XSTATE_MAGIC2 = 0x46505845;
    private const int Magic2Bytes = 4;
    private const int CpuidLeaf = 0xd;

    /// <summary>The frame's form of <paramref name="state"/>, with the final magic number.</summary>
    internal static byte[] ToFrame(ReadOnlySpan<byte> state)
    {
        ulong features = BinaryPrimitives.ReadUInt64LittleEndian(state[SoftwareBytes..]);
        ulong inUse = BinaryPrimitives.ReadUInt64LittleEndian(state[HeaderOffset..]);

        // The kernel takes a frame larger than the task's own state for a broken one and would restore SSE only; tiles are part of that state
        // only for tasks that asked for them.
        features &= ~TileData | inUse;
        int size = SizeOf(features);
        byte[] frame = new byte[size + Magic2Bytes];
        state[..size].CopyTo(frame);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(HeaderOffset), (inUse & features) | ProtectionKeysInUse(state, features));
        Span<byte> software = frame.AsSpan(SoftwareBytes, HeaderOffset - SoftwareBytes);
        software.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(software, FP_XSTATE_MAGIC1);
        BinaryPrimitives.WriteInt32LittleEndian(software[4..], frame.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(software[8..], features);
        BinaryPrimitives.WriteInt32LittleEndian(software[16..], size);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(size), FP_XSTATE_MAGIC2);
        return frame;
    }

    // The regset always holds the current key register, yet marks it in use only when XSAVE happened to.
    private static ulong ProtectionKeysInUse(ReadOnlySpan<byte> state, ulong features)
    {
        const ulong Bit = 1UL << ProtectionKeys;
        if ((features & Bit) == 0)
            return 0;
        (_, int offset, _, _) = X86Base.CpuId(CpuidLeaf, ProtectionKeys);
        return BinaryPrimitives.ReadUInt32LittleEndian(state[offset..]) != 0 ? Bit : 0;
    }

    private static int SizeOf(ulong features)
    {
        int size = FixedBytes;
        for (int i = FirstComponent; i <= LastComponent; i++)
        {
            if ((features >> i & 1) == 0)
                continue;
            (int bytes, int offset, _, _) = X86Base.CpuId(CpuidLeaf, i);
            size = Math.Max(size, offset + bytes);
        }

        return size;
    }
}
