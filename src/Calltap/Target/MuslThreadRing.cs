using System.Buffers.Binary;

namespace Calltap.Target;

/// <summary>
/// musl's list of all threads, as it was at one moment: the descriptors (struct pthread) of a process form one closed ring. Read from a
/// process that goes on changing it.
/// </summary>
/// <remarks>
/// Offset table of a descriptor, musl 1.2.0 and later (src/internal/pthread_impl.h):
/// <code>
/// 0x00 self   its own address
/// 0x08 dtv    never 0
/// 0x10 prev   the ring
/// 0x18 next
/// 0x30 tid    since 1.2.2; 0x38 before, behind a second canary
/// </code>
/// The maker of a thread enters it into the ring once the kernel has stored its tid; a thread that ends takes itself out, and then clears its tid.
/// </remarks>
sealed class MuslThreadRing
{
    /// <summary>Bytes of a descriptor that are looked at.</summary>
    public const int DescriptorSize = 0x40;

    const int Self = 0, Dtv = 8, Prev = 0x10, Next = 0x18;
    const int MaxThreads = 1 << 16;

    static readonly int[] s_tidOffsets = [0x30, 0x38];

    readonly List<(ulong Address, byte[] Bytes)> _nodes;

    MuslThreadRing(List<(ulong, byte[])> nodes) => _nodes = nodes;

    /// <summary>Reads the target's memory; the number of bytes read.</summary>
    public delegate int Reader(ulong address, Span<byte> bytes);

    /// <summary>Where the descriptors are.</summary>
    public IEnumerable<ulong> Addresses => _nodes.Select(node => node.Address);

    /// <summary>Whether bytes of the target at <paramref name="address"/> may be a descriptor.</summary>
    public static bool IsDescriptor(ReadOnlySpan<byte> bytes, ulong address) =>
        bytes.Length >= DescriptorSize && Word(bytes, Self) == address && Word(bytes, Dtv) != 0 && IsPointer(Word(bytes, Prev)) && IsPointer(Word(bytes, Next));

    /// <summary>
    /// Follows the ring from one descriptor until it comes back; null when it does not, or when a neighbour does not lead back: there is no ring,
    /// or it is being changed at this moment.
    /// </summary>
    public static MuslThreadRing? Walk(Reader read, ulong start)
    {
        var nodes = new List<(ulong Address, byte[] Bytes)>();
        ulong at = start, last = 0;
        do
        {
            var bytes = new byte[DescriptorSize];
            if (nodes.Count == MaxThreads || read(at, bytes) != bytes.Length || !IsDescriptor(bytes, at)) return null;
            if (nodes.Count > 0 && Word(bytes, Prev) != last) return null;
            nodes.Add((at, bytes));
            (last, at) = (at, Word(bytes, Next));
        }
        while (at != start);
        return Word(nodes[0].Bytes, Prev) == last ? new MuslThreadRing(nodes) : null;
    }

    /// <summary>Whether a descriptor of the ring has this tid at the offset.</summary>
    public bool Contains(int tid, int offset) => Find(tid, offset) != 0;

    /// <summary>The descriptor that has this tid at the offset; 0 when there is none.</summary>
    public ulong Find(int tid, int offset) => _nodes.Find(node => Tid(node.Bytes, offset) == tid).Address;

    /// <summary>The offset at which every descriptor has the tid of a thread, each another; null when there is none.</summary>
    public int? FindTidOffset(IReadOnlySet<int> threads)
    {
        foreach (int offset in s_tidOffsets)
        {
            HashSet<int> tids = [.. _nodes.Select(node => Tid(node.Bytes, offset))];
            if (tids.Count == _nodes.Count && tids.IsSubsetOf(threads)) return offset;
        }
        return null;
    }

    static bool IsPointer(ulong word) => word != 0 && word % sizeof(ulong) == 0;

    static ulong Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    static int Tid(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));
}
