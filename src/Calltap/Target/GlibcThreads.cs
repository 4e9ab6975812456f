using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>
/// glibc registers each thread's robust futex list with the kernel, and its head lies in the thread descriptor that
/// the thread pointer points at: so get_robust_list(2) tells where the descriptor is.
/// </summary>
sealed class GlibcThreads(TargetProcess target) : IThreadDescriptors
{
    const int TidBelowHead = 0x10; // struct pthread: tid, an unused word, robust_prev, robust_head
    const int SearchBelowHead = 0x600; // glibc 2.36: the head is 0x2e0 behind the thread pointer
    const int DescriptorSize = 0x700;
    const int SecondSelf = 0x10; // tcbhead_t.self
    const int NoSelf = 0x18; // in musl's descriptor the whole list, prev and next, may lead back to it; in glibc's two ints stand here

    /// <inheritdoc/>
    public ThreadDescriptorLayout? LayoutOf(Tid tid, ThreadDescriptorLayout? known)
    {
        if (RobustList.HeadOf(tid) is not { Ok: true, Value: not 0 } head) return null;
        return TidOffset(tid, head.Value, known?.Tid) is int offset ? new ThreadDescriptorLayout(offset, SecondSelf) : null;
    }

    int? TidOffset(Tid tid, ulong head, int? known)
    {
        Span<byte> memory = stackalloc byte[SearchBelowHead + DescriptorSize];
        ulong start = (head & ~7ul) - SearchBelowHead;
        int read = target.ReadMemory(new TargetAddress(start), memory);
        // The descriptor may be the first thing on its mapping: read what there is.
        while (read == 0 && start < head)
        {
            start = (start | 0xfff) + 1;
            read = start < head ? target.ReadMemory(new TargetAddress(start), memory) : 0;
        }
        int ownTid = target.ReadStatus(tid)?.NamespaceId ?? 0;
        // From the head downwards: the descriptor is the nearest thing below it that begins with its own address.
        for (int at = (int)(head - start) & ~7; at >= 0; at -= 8)
            if (at + DescriptorSize / 2 <= read && PointsAtItself(memory[at..], start + (ulong)at)
                && Offset(memory[at..read], ownTid, known, (int)(head - start) - at - TidBelowHead) is int offset) return offset;
        return null;
    }

    static bool PointsAtItself(ReadOnlySpan<byte> descriptor, ulong address) =>
        BinaryPrimitives.ReadUInt64LittleEndian(descriptor) == address
        && BinaryPrimitives.ReadUInt64LittleEndian(descriptor[SecondSelf..]) == address
        && BinaryPrimitives.ReadUInt64LittleEndian(descriptor[NoSelf..]) != address;

    /// <summary>Where the tid is: at the known offset; else where it is expected, else anywhere. (The first thread of a container is 1, as other words may be.)</summary>
    static int? Offset(ReadOnlySpan<byte> descriptor, int tid, int? known, int expected)
    {
        if (known is int offset) return IsAt(descriptor, offset, tid) ? offset : null;
        if (IsAt(descriptor, expected, tid)) return expected;
        for (int at = NoSelf; at + 4 <= Math.Min(descriptor.Length, DescriptorSize); at += 4)
            if (IsAt(descriptor, at, tid)) return at;
        return null;
    }

    static bool IsAt(ReadOnlySpan<byte> descriptor, int offset, int tid) =>
        offset >= NoSelf && offset + sizeof(int) <= descriptor.Length && BinaryPrimitives.ReadInt32LittleEndian(descriptor[offset..]) == tid;
}
